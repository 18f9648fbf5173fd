import Core
import Store
import TestSite

/// An author, a viewer, somebody whom the author follows and who follows back, and four posts of the author. All that was
/// written while the viewer saw it is still there: bookmarks, the timeline, `feed_items`. And two comments: the third one's on
/// the author's public post, and the author's on the post of somebody who is seen by all.
struct VisibilityWorld {
    enum Thing: String {
        case author, third, publicPost, postForFollowers, comment, authorsComment, mentionOfViewer, mentionOfThird
    }

    let site: TestSite
    /// The same without Redis.
    let away: TestSite
    let between: VisibilityCase
    let author: TestUser
    let viewer: TestUser
    let third: TestUser
    let publicPost: String
    let postForFollowers: String
    /// For those whom they mention.
    let mentionOfViewer: String
    let mentionOfThird: String
    /// Of these posts.
    let (publicPoll, pollForFollowers): (String, String)
    /// Of somebody whom everybody sees and nobody follows; the author likes it, and comments on it.
    let likedPost: String
    /// The third one's, on the public post.
    let comment: String
    /// On the liked post.
    let authorsComment: String
    /// Where the caller's feed was before the posts.
    let live: String
    /// The same of the author's channel.
    let channelLive: String

    /// Who asks.
    var caller: any Caller {
        if between.isSelf { return author }
        return between.isSignedIn ? viewer : site.stranger()
    }

    init(_ between: VisibilityCase, on site: TestSite, away: TestSite) async throws {
        self.site = site
        self.away = away
        self.between = between
        author = try await site.signUp()
        viewer = try await site.signUp()
        third = try await site.signUp()
        try await third.follow(author)
        try await author.follow(third)
        try await viewer.follow(author)
        live = try await (between.isSelf ? author : viewer).get("/v1/feed")["live"].string ?? ""
        let subscribed = try await (between.isSelf ? author : viewer).get(
            "/v1/feed?channels=user:\(author.id),tag:of_\(author.handle),notifications")
        channelLive = subscribed["live"].string ?? ""
        (publicPost, publicPoll) = try await Self.post(
            author, "the public post of \(author.handle) #of_\(author.handle)", "public")
        (postForFollowers, pollForFollowers) = try await Self.post(
            author, "the post for followers of \(author.handle) #of_\(author.handle)", "followers")
        mentionOfViewer = try await Self.post(
            author, "@\(viewer.handle) alone #of_\(author.handle)", "mentioned"
        ).post
        mentionOfThird = try await Self.post(author, "@\(third.handle) alone", "mentioned").post
        likedPost = try await site.signUp().post(text: "of somebody whom nobody follows")
        comment = try await Self.comment(third, on: publicPost)
        authorsComment = try await Self.comment(author, on: likedPost)
        try await site.settle()
        for post in [publicPost, postForFollowers] {
            for (user, mark) in [(viewer, "bookmark"), (viewer, "like"), (third, "like")] {
                try await Self.mark(post, user, mark)
            }
        }
        for mark in ["bookmark", "like"] {
            try await Self.mark(mentionOfViewer, viewer, mark)
        }
        try await Self.mark(likedPost, author, "like")
        try await set()
    }

    private static func mark(_ post: String, _ user: TestUser, _ mark: String) async throws {
        let kept = try await user.put("/v1/posts/\(post)/\(mark)")
        guard kept.status == 204 else { throw UnexpectedResponse(response: kept) }
    }

    private static func post(
        _ author: TestUser, _ text: String, _ visibility: String
    ) async throws -> (post: String, poll: String) {
        let response = try await author.post(
            "/v1/posts",
            [
                "text": .string(text), "visibility": .string(visibility),
                "poll": ["options": ["a", "b"], "closes_in": 2_592_000],
            ])
        guard let post = response["id"].string, let poll = response["poll"]["id"].string else {
            throw UnexpectedResponse(response: response)
        }
        return (post, poll)
    }

    private static func comment(_ user: TestUser, on post: String) async throws -> String {
        let response = try await user.post("/v1/posts/\(post)/comments", ["text": "a comment"])
        guard let id = response["id"].string else { throw UnexpectedResponse(response: response) }
        return id
    }

    /// By hand, with nothing that the routes would do besides.
    private func set() async throws {
        let (author, viewer) = (SQL.parameter(ID(author.id)!), SQL.parameter(ID(viewer.id)!))
        if between.isPrivate { try await run("UPDATE users SET private = true WHERE id = \(author)") }
        if !between.follows {
            try await run("DELETE FROM follows WHERE follower = \(viewer) AND followee = \(author)")
        }
        if between.isMuting || between == .muteEnded {
            let end: SQL = between == .muteEnded ? "now()" : "NULL::timestamptz"
            try await relate(viewer, author, "mute", until: end)
        }
        if between.isBlocked { try await relate(author, viewer, "block") }
        if between.isBlocking { try await relate(viewer, author, "block") }
        if between.hasAsked {
            try await run("INSERT INTO follow_requests (target, asker, id) VALUES (\(author), \(viewer), 1)")
        }
        if let standing = Self.standing[between] {
            try await run("UPDATE users SET \(standing) WHERE id = \(author)")
            try await site.lookForSuspensions()
        }
        if !between.isSelf {
            try await run("INSERT INTO follow_requests (target, asker, id) VALUES (\(viewer), \(author), 2)")
        }
        if between == .erased { try await site.erase(self.author) }
    }

    private static let standing: [VisibilityCase: SQL] = [
        .suspended: "suspended_until = now() + interval '1 hour'",
        .suspendedRestricted: "suspended_until = 'infinity'",
        .suspendedAuthor: "suspended_until = 'infinity'",
        .suspensionEnded: "suspended_until = now()",
        .erasing: "erase_at = now() + interval '7 days'",
    ]

    private func relate(_ owner: SQL, _ other: SQL, _ kind: SQL, until: SQL = "NULL::timestamptz") async throws {
        try await run(
            "INSERT INTO relations (owner, other, kind, id, until) VALUES (\(owner), \(other), '\(kind)', 1, \(until))")
    }

    private func run(_ statement: SQL) async throws { try await site.database.query(statement) }

    /// What a response shows, wherever in it.
    func things(in response: TestResponse) -> Set<Thing> {
        guard response.status < 400 else { return [] }
        let text = String(decoding: response.body, as: UTF8.self)
        let marks: [(Thing, String)] = [
            (.author, "\"\(author.id)\""), (.third, "\"\(third.id)\""), (.publicPost, "\"\(publicPost)\""),
            (.postForFollowers, "\"\(postForFollowers)\""), (.mentionOfViewer, "\"\(mentionOfViewer)\""),
            (.mentionOfThird, "\"\(mentionOfThird)\""),
            (.comment, "\"\(comment)\""), (.authorsComment, "\"\(authorsComment)\""),
        ]
        return Set(marks.filter { text.contains($0.1) }.map(\.0))
    }
}
