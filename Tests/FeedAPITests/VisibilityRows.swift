import Core
import TestSite

/// The rows of the matrix: one for each operation of the router, by its id.
extension VisibilityRow {
    static let all: [String: VisibilityRow] = sessions.merging(users) { $1 }.merging(graph) { $1 }
        .merging(restrictions) { $1 }.merging(posts) { $1 }.merging(feeds) { $1 }.merging(others) { $1 }
        .merging(administration) { $1 }.merging(engagement) { $1 }.merging(comments) { $1 }.merging(polls) { $1 }
        .merging(notifications) { $1 }

    private static let sessions: [String: VisibilityRow] = [
        "signUp": .ownOnly("a session"), "signUpAnonymously": .ownOnly("a session"), "recover": .ownOnly("a session"),
        "createRecoveryCode": .ownOnly("the account"), "logIn": .ownOnly("a session"), "refresh": .ownOnly("a session"),
        "logOut": .ownOnly("a session"), "listSessions": .ownOnly("a session"), "endSession": .ownOnly("a session"),
        "changeCredentials": .ownOnly("a session"), "deleteAccount": .ownOnly("the account"),
        "keepAccount": .ownOnly("the account"), "readDeletion": .ownOnly("what the key opens"),
        "listKeys": .ownOnly("the service's keys"), "exportAccount": .ownOnly("the account"),
        "listExports": .ownOnly("the account"), "readExport": .ownOnly("the account"),
        "fetchExport": .ownOnly("what the key opens; names of others in it: ExportTests.whoIsNotSeenHasNoName"),
        "listProviders": .ownOnly("the operator's settings"),
        "startProviderLogIn": .ownOnly("a session"), "finishProviderLogIn": .ownOnly("a session"),
    ]

    private static func reported(_ thing: World.Thing) -> @Sendable (VisibilityCase) -> Seen {
        { $0.isSelf ? Seen(400) : Seen(201, [thing]) }
    }

    @Sendable private static func report(_ type: String, _ id: String, by caller: any Caller) async throws
        -> TestResponse
    {
        try await caller.post("/v1/reports", ["target": ["type": .string(type), "id": .string(id)], "reason": "spam"])
    }

    private static let others: [String: VisibilityRow] = [
        "description": .ownOnly("the document"), "documentation": .ownOnly("the document"),
        "createTicket": .ownOnly("a session"),
        // Repeats what the caller has sent, and nothing else.
        "report": .writes(
            Probe("the public post", needsSession: true, expected: reported(.publicPost)) {
                try await report("post", $0.publicPost, by: $0.caller)
            },
            Probe("the post for followers", needsSession: true, expected: reported(.postForFollowers)) {
                try await report("post", $0.postForFollowers, by: $0.caller)
            },
            Probe("the author", needsSession: true, expected: reported(.author)) {
                try await report("user", $0.author.id, by: $0.caller)
            }),
        "streamEvents": .ownOnly("what is pushed is another matrix's; what is resumed is read as by getFeed"),
        "openWebSocket": .ownOnly("the same"),
    ]

    // MARK: Users

    @Sendable private static func profile(_ c: VisibilityCase) -> Seen { c.exists ? Seen(200, [.author]) : Seen(404) }

    @Sendable private static func known(_ c: VisibilityCase) -> Seen {
        c.exists ? Seen(200, c.isOpen ? [.third] : []) : Seen(404)
    }

    @Sendable static func amongKnown(_ c: VisibilityCase) -> Seen { Seen(200, c.isListed ? [.author] : []) }

    private static let users: [String: VisibilityRow] = [
        "getMe": .reads(
            Probe("the caller", needsSession: true, expected: { Seen(200, $0.isSelf ? [.author] : []) }) {
                try await $0.caller.get("/v1/me")
            }),
        "updateMe": .writes(
            Probe("the caller", needsSession: true, expected: { Seen(200, $0.isSelf ? [.author] : []) }) {
                try await $0.caller.send("PATCH", "/v1/me", body: Array(#"{"bio":"x"}"#.utf8))
            }),
        "getUser": .reads(
            Probe("the author", expected: profile) { try await $0.caller.get("/v1/users/\($0.author.id)") }),
        "getUserByHandle": .reads(
            Probe("the author", expected: profile) { try await $0.caller.get("/v1/users/@\($0.author.handle)") }),
        "getRelation": .reads(
            Probe("to the author", needsSession: true, expected: { Seen($0.exists ? 200 : 404) }) {
                try await $0.caller.get("/v1/users/\($0.author.id)/relation")
            }),
        "listFollowers": lists("followers"), "listFollowing": lists("following"), "listMutuals": lists("mutuals"),
        "listRequests": entries("requests") { $0.isListed && !$0.isSelf },
        "listSentRequests": entries("requests/sent") { $0.hasAsked && $0.isListed },
        "listBlocks": entries("blocks") { $0.isBlocking && $0.exists },
        "listMutes": entries("mutes") { $0.isMuting && $0.exists },
    ]

    private static func lists(_ name: String) -> VisibilityRow {
        .reads(
            Probe("of the author", expected: known) { try await $0.caller.get("/v1/users/\($0.author.id)/\(name)") },
            Probe("of the author's friend", expected: amongKnown) {
                try await $0.caller.get("/v1/users/\($0.third.id)/\(name)")
            })
    }

    private static func entries(_ name: String, _ isShown: @escaping @Sendable (VisibilityCase) -> Bool)
        -> VisibilityRow
    {
        .reads(
            Probe("the caller's", needsSession: true, expected: { Seen(200, isShown($0) ? [.author] : []) }) {
                try await $0.caller.get("/v1/me/\(name)")
            })
    }

    // MARK: Follows

    @Sendable private static func follow(_ c: VisibilityCase) -> Seen {
        if c.isSelf { return Seen(400) }
        if !c.exists { return Seen(404) }
        if c.isBlocking { return Seen(403) }
        return Seen(c.isPrivate && !c.follows ? 202 : 204)
    }

    private static let graph: [String: VisibilityRow] = [
        "follow": .writes(
            Probe("the author", needsSession: true, expected: follow) {
                try await $0.caller.put("/v1/users/\($0.author.id)/follow")
            }),
        "followShort": .writes(
            Probe("the author", needsSession: true, expected: follow) {
                try await $0.caller.post("/follow", ["user_id": .string($0.author.id)])
            }),
        "unfollow": .writes(
            Probe(
                "the author", needsSession: true, expected: { Seen($0.isSelf ? 400 : $0.exists ? 204 : 404) }
            ) { try await $0.caller.delete("/v1/users/\($0.author.id)/follow") }),
        "removeFollower": .writes(
            Probe("the author", needsSession: true, expected: { _ in Seen(204) }) {
                try await $0.caller.delete("/v1/me/followers/\($0.author.id)")
            }),
        "acceptRequest": .writes(
            Probe(
                "of the author", needsSession: true, expected: { Seen($0.isListed && !$0.isSelf ? 204 : 404) }
            ) { try await $0.caller.put("/v1/me/requests/\($0.author.id)") }),
        "refuseRequest": .writes(
            Probe("of the author", needsSession: true, expected: { _ in Seen(204) }) {
                try await $0.caller.delete("/v1/me/requests/\($0.author.id)")
            }),
    ]

    /// They work on whom the caller can't see.
    private static let restrictions: [String: VisibilityRow] = {
        var rows: [String: VisibilityRow] = [:]
        for (id, method, name) in [
            ("block", "PUT", "block"), ("unblock", "DELETE", "block"), ("mute", "PUT", "mute"),
            ("unmute", "DELETE", "mute"),
        ] {
            rows[id] = .writes(
                Probe(
                    "the author", needsSession: true,
                    expected: { Seen($0.isSelf ? 400 : $0 == .erased && method == "PUT" ? 404 : 204) }
                ) {
                    try await $0.caller.send(method, "/v1/users/\($0.author.id)/\(name)")
                })
        }
        return rows
    }()

    // MARK: Posts

    @Sendable static func shown(_ c: VisibilityCase) -> Things {
        var things: Things = []
        if c.isOpen { things.formUnion([.publicPost, .author]) }
        if c.isOpen, c.isSignedIn { things.insert(.mentionOfViewer) }
        if c.isSelf { things.formUnion([.mentionOfThird, .third]) }
        if c.seesPostsForFollowers { things.formUnion([.postForFollowers, .author]) }
        return things
    }

    /// - Parameters:
    ///   - seen: what comes of it where the caller sees the post.
    static func ofPosts(
        needsSession: Bool, _ seen: @escaping @Sendable (VisibilityCase, World.Thing) -> Seen,
        _ send: @escaping @Sendable (World, _ post: String) async throws -> TestResponse
    ) -> [Probe] {
        [
            Probe(
                "the public post", needsSession: needsSession,
                expected: { $0.isOpen ? seen($0, .publicPost) : Seen(404) }
            ) { try await send($0, $0.publicPost) },
            Probe(
                "the post for followers", needsSession: needsSession,
                expected: { $0.seesPostsForFollowers ? seen($0, .postForFollowers) : Seen(404) }
            ) { try await send($0, $0.postForFollowers) },
            Probe(
                "the post that mentions the viewer", needsSession: needsSession,
                expected: { $0.isOpen && $0.isSignedIn ? seen($0, .mentionOfViewer) : Seen(404) }
            ) { try await send($0, $0.mentionOfViewer) },
            Probe(
                "the post that mentions another", needsSession: needsSession,
                expected: { $0.isSelf ? seen($0, .mentionOfThird) : Seen(404) }
            ) { try await send($0, $0.mentionOfThird) },
        ]
    }

    private static let posts: [String: VisibilityRow] = [
        "createPost": .ownOnly("the caller's post"), "createPostShort": .ownOnly("the caller's post"),
        "getPost": VisibilityRow(
            probes: ofPosts(
                needsSession: false, { Seen(200, $1 == .mentionOfThird ? [.author, $1, .third] : [.author, $1]) }
            ) {
                try await $0.caller.get("/v1/posts/\($1)")
            }, isWrite: false),
        "editPost": VisibilityRow(
            probes: ofPosts(
                needsSession: true, { c, post in c.isSelf ? Seen(200, [.author, post]) : Seen(403) }
            ) {
                try await $0.caller.send("PATCH", "/v1/posts/\($1)", body: Array(#"{"text":"x"}"#.utf8))
            }, isWrite: true),
        "listPostVersions": VisibilityRow(
            probes: ofPosts(needsSession: false, { _, _ in Seen(200) }) {
                try await $0.caller.get("/v1/posts/\($1)/history")
            }, isWrite: false),
        "deletePost": VisibilityRow(
            probes: ofPosts(needsSession: true, { c, _ in Seen(c.isSelf ? 204 : 403) }) {
                try await $0.caller.delete("/v1/posts/\($1)")
            }, isWrite: true),
        "listPosts": .reads(
            Probe("of the author", expected: { $0.exists ? Seen(200, shown($0)) : Seen(404) }) {
                try await $0.caller.get("/v1/users/\($0.author.id)/posts")
            }),
        "listPopularTags": .ownOnly("spellings and numbers"), "getTag": .ownOnly("a spelling and a number"),
        "followTag": .ownOnly("whose posts come with it is asked at the push, and when the feed is read"),
        "unfollowTag": .ownOnly("the caller's own"),
        "listTagPosts": .reads(
            Probe(
                "of the author's tag",
                expected: { $0 == .erased ? Seen(404) : Seen(200, $0.isOpen ? [.publicPost, .author] : []) }
            ) { try await $0.caller.get("/v1/tags/OF_\($0.author.handle)/posts") }),
        "addBookmark": VisibilityRow(
            probes: ofPosts(needsSession: true, { _, _ in Seen(204) }) {
                try await $0.caller.put("/v1/posts/\($1)/bookmark")
            }, isWrite: true),
        "removeBookmark": .writes(
            Probe("of the public post", needsSession: true, expected: { _ in Seen(204) }) {
                try await $0.caller.delete("/v1/posts/\($0.publicPost)/bookmark")
            }),
        "listBookmarks": .reads(
            Probe("the caller's", needsSession: true, expected: { Seen(200, $0.isSelf ? [] : shown($0)) }) {
                try await $0.caller.get("/v1/me/bookmarks")
            }),
    ]

    // MARK: Polls

    private static func ofPolls(
        needsSession: Bool, _ send: @escaping @Sendable (World, _ poll: String) async throws -> TestResponse
    ) -> [Probe] {
        [
            Probe(
                "of the public post", needsSession: needsSession,
                expected: { $0.isOpen ? Seen(200, [.publicPost]) : Seen(404) }
            ) { try await send($0, $0.publicPoll) },
            Probe(
                "of the post for followers", needsSession: needsSession,
                expected: { $0.seesPostsForFollowers ? Seen(200, [.postForFollowers]) : Seen(404) }
            ) { try await send($0, $0.pollForFollowers) },
        ]
    }

    private static let polls: [String: VisibilityRow] = [
        "getPoll": VisibilityRow(
            probes: ofPolls(needsSession: false) { try await $0.caller.get("/v1/polls/\($1)") }, isWrite: false),
        "vote": VisibilityRow(
            probes: ofPolls(needsSession: true) {
                try await $0.caller.post("/v1/polls/\($1)/votes", ["options": [0]])
            }, isWrite: true),
    ]

    // MARK: Feeds

    @Sendable private static func inFeed(_ c: VisibilityCase) -> Seen {
        if c.isSelf { return Seen(200, shown(c)) }
        return Seen(200, c.feedHasPosts ? [.publicPost, .postForFollowers, .mentionOfViewer, .author] : [])
    }

    /// A mute does not end what was asked for by name.
    @Sendable private static func inChannel(_ c: VisibilityCase) -> Seen {
        Seen(200, c.isOpen ? [.publicPost, .author] : [])
    }

    /// Its log begins with who subscribes, who is told to read the post; and what is counted of it.
    @Sendable private static func inPostChannel(_ c: VisibilityCase) -> Seen {
        c.isOpen ? Seen(200, [.publicPost]) : Seen(404)
    }

    /// Its newest state comes first.
    @Sendable private static func inPollChannel(_ c: VisibilityCase) -> Seen {
        c.isOpen ? Seen(200, [.publicPost]) : Seen(404)
    }

    /// What each kind of channel told since.
    static let channels: [String: Probe] = [
        "user": Probe("the user's channel", needsSession: true, expected: inChannel) {
            try await $0.caller.get("/v1/feed?channels=user:\($0.author.id)&since=\($0.channelLive)")
        },
        "tag": Probe("the tag's channel", needsSession: true, expected: inTagChannel) {
            try await $0.caller.get("/v1/feed?channels=tag:of_\($0.author.handle)&since=\($0.channelLive)")
        },
        "post": Probe("the post's channel", needsSession: true, expected: inPostChannel) {
            try await $0.caller.get("/v1/feed?channels=post:\($0.publicPost)&since=\($0.channelLive)")
        },
        "notifications": Probe("the caller's notifications", needsSession: true, expected: notified) { world in
            // Some may be on their way: rows come in any order.
            try await world.site.settle()
            return try await world.caller.get("/v1/feed?channels=notifications&since=\(world.channelLive)")
        },
        "poll": Probe("the poll's channel", needsSession: true, expected: inPollChannel) {
            try await $0.caller.get("/v1/feed?channels=poll:\($0.publicPoll)&since=\($0.channelLive)")
        },
    ]

    /// Whoever is signed in may listen; of what was told, each is told what he sees.
    @Sendable private static func inTagChannel(_ c: VisibilityCase) -> Seen {
        Seen(200, c.isOpen ? [.publicPost, .author] : [])
    }

    private static let feeds: [String: VisibilityRow] = [
        "getFeed": VisibilityRow(
            probes: channels.values + [
                Probe("from the timeline", needsSession: true, expected: inFeed) {
                    try await $0.caller.get("/v1/feed")
                },
                Probe("what came since", needsSession: true, expected: inFeed) {
                    try await $0.caller.get("/v1/feed?since=\($0.live)")
                },
                Probe("without Redis", needsSession: true, expected: inFeed) {
                    guard let user = $0.caller as? TestUser else { return try await $0.caller.get("/v1/feed") }
                    return try await user.on($0.away).get("/v1/feed")
                },
            ], isWrite: false),
        "getFeedShort": .reads(
            Probe("from the timeline", needsSession: true, expected: inFeed) {
                try await $0.caller.get("/feeds/\(($0.caller as? TestUser ?? $0.viewer).id)")
            }),
    ]
}
