import Core
import Feed
import Live
import TestSite
import Testing

/// What comes of posts on the channels that somebody subscribed to.
@Suite(.site) struct ChannelRouteTests {
    private let site = TestSite.current
    private let node = NodeName.random()

    /// From here on a subscriber is told.
    private func subscribe(_ channel: ChannelName) async throws -> LiveCursor {
        try await site.channels.register([channel], node: node)[0].partition.cursor
    }

    private func told(_ channel: ChannelName, since cursor: LiveCursor) async throws -> [String] {
        let missed = try await site.channels.recover(channel, from: cursor).missed
        return try #require(missed).map { String(decoding: $0.publication.event, as: UTF8.self) }
    }

    private func end(of post: String) -> String { "{\"type\":\"post.deleted\",\"post_id\":\"\(post)\"}" }

    @Test func aPostIsToldOnItsAuthorsChannelAndItsEndOnBoth() async throws {
        let alice = try await site.signUp()
        let author = ChannelName(kind: "user", id: try #require(ID(alice.id)))
        let start = try await subscribe(author)
        let ids = try await alice.posts(3)
        let post = ChannelName(kind: "post", id: try #require(ID(ids[1])))
        let postStart = try await subscribe(post)
        try await site.settle()
        var events: [String] = []
        for id in ids {
            let shown = try await site.stranger().get("/v1/posts/\(id)")
            events.append("{\"type\":\"post.created\",\"post\":\(String(decoding: shown.body, as: UTF8.self))}")
        }
        #expect(try await told(author, since: start) == events)
        #expect(try await told(post, since: postStart) == [])
        #expect(try await alice.delete("/v1/posts/\(ids[1])").status == 204)
        try await site.settle()
        events.append(end(of: ids[1]))
        #expect(try await told(author, since: start) == events)
        #expect(try await told(post, since: postStart) == [events[3]])
        // A consumer that died before it could say what it had done.
        site.rewind("channels")
        try await site.settle()
        #expect(try await told(author, since: start) == events)
        #expect(try await told(post, since: postStart) == [events[3]])
    }

    /// Its end is the only news of a post that was deleted while it was under way.
    @Test func aDeletedPostIsNotTold() async throws {
        let alice = try await site.signUp()
        let author = ChannelName(kind: "user", id: try #require(ID(alice.id)))
        let start = try await subscribe(author)
        let ids = try await alice.posts(2)
        #expect(try await alice.delete("/v1/posts/\(ids[0])").status == 204)
        try await site.settle()
        let events = try await told(author, since: start)
        #expect(events.count == 2 && events[0].contains(ids[1]) && events[1] == end(of: ids[0]))
    }

    /// What is for followers is not told on the author's channel: neither the post, nor its edit, nor its end.
    @Test func postsForFollowersAreNotTold() async throws {
        let alice = try await site.signUp()
        let author = ChannelName(kind: "user", id: try #require(ID(alice.id)))
        let start = try await subscribe(author)
        let made = try await alice.send(
            "POST", "/v1/posts", body: Array(#"{"text":"ours","visibility":"followers"}"#.utf8))
        let ours = try #require(made["id"].string)
        let post = ChannelName(kind: "post", id: try #require(ID(ours)))
        let postStart = try await subscribe(post)
        #expect(try await alice.edit(ours, #"{"text":"ours still"}"#) == 200)
        #expect(try await alice.delete("/v1/posts/\(ours)").status == 204)
        let id = try await alice.post(text: "for all")
        try await site.settle()
        let events = try await told(author, since: start)
        #expect(events.count == 1 && events[0].contains(id))
        #expect(try await told(post, since: postStart).last == end(of: ours))
    }

    @Test func anEditIsToldOnBoth() async throws {
        let alice = try await site.signUp()
        let author = ChannelName(kind: "user", id: try #require(ID(alice.id)))
        let id = try await alice.post(text: "before")
        try await site.settle()
        let post = ChannelName(kind: "post", id: try #require(ID(id)))
        let (start, postStart) = (try await subscribe(author), try await subscribe(post))
        #expect(try await alice.edit(id, #"{"text":"after"}"#) == 200)
        try await site.settle()
        for events in [try await told(author, since: start), try await told(post, since: postStart)] {
            #expect(events.count == 1 && events[0].hasPrefix(#"{"type":"post.updated""#))
            #expect(events[0].contains("after"))
        }
    }

    /// Blocks either way, and privacy, close an author's channel and the posts' to all but followers.
    @Test func whoSeesTheAuthorMaySubscribe() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        try await carol.follow(alice)
        let id = try await alice.post(text: "hello")
        func open() async throws -> [Bool] {
            var found: [Bool] = []
            for name in ["user:\(alice.id)", "post:\(id)"] {
                let channel = try #require(site.channelKinds.channel(name))
                for reader in [bob, carol] { found.append(try await channel.isOpen(to: try #require(ID(reader.id)))) }
            }
            return found
        }
        #expect(try await open() == [true, true, true, true])
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await open() == [false, true, false, true])
        #expect(try await alice.delete("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await bob.put("/v1/users/\(alice.id)/block").status == 204)
        #expect(try await open() == [false, true, false, true])
        #expect(try await bob.delete("/v1/users/\(alice.id)/block").status == 204)
        #expect(try await alice.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8)).status == 200)
        #expect(try await open() == [false, true, false, true])
    }

    @Test func whoMaySubscribe() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let reader = try #require(ID(bob.id))
        let id = try await alice.post(text: "hello")
        let post = try #require(site.channelKinds.channel("post:\(id)"))
        #expect(post.contents == [.log, .state, .authors])
        #expect(try await post.isOpen(to: reader))
        #expect(try await alice.delete("/v1/posts/\(id)").status == 204)
        #expect(try await !post.isOpen(to: reader))
        #expect(try await site.channelKinds.channel("post:1")?.isOpen(to: reader) == false)
        #expect(try await site.channelKinds.channel("user:\(alice.id)")?.isOpen(to: reader) == true)
        #expect(try await site.channelKinds.channel("user:1")?.isOpen(to: reader) == false)
        for name in ["feed:\(bob.id)", "post:", "post:0\(id)", "user:@ada", "nothing:1"] {
            #expect(site.channelKinds.channel(name) == nil)
        }
    }

    /// Nobody subscribed: posts leave nothing.
    @Test func withoutSubscribersThereAreNoLogs() async throws {
        let alice = try await site.signUp()
        let id = try await alice.post(text: "hello")
        try await site.settle()
        let names = [ChannelName(kind: "user", id: ID(alice.id)!), ChannelName(kind: "post", id: ID(id)!)]
        #expect(try await site.channels.known(Set(names)) == [])
    }
}

extension TestUser {
    /// - Returns: the status.
    fileprivate func edit(_ post: String, _ body: String) async throws -> Int {
        try await send("PATCH", "/v1/posts/\(post)", body: Array(body.utf8)).status
    }
}
