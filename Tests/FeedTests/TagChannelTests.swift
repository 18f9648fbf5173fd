import Core
import Feed
import Live
import TestSite
import Testing

/// What comes of posts on the channels of their hashtags.
@Suite(.site) struct TagChannelTests {
    private let site = TestSite.current

    private func poll(_ user: TestUser, _ tag: String, since: String? = nil) async throws -> TestResponse {
        let since = since.map { "&since=\($0)" } ?? ""
        return try await user.get("/v1/feed?channels=tag:\(tag.percentEscaped)\(since)")
    }

    private func told(_ response: TestResponse) -> [String] {
        response.items.map { "\($0["type"].string!) \($0["post"]["id"].string ?? $0["post_id"].string ?? "")" }
    }

    private func edit(_ user: TestUser, _ post: String, _ text: String) async throws {
        let body = Array(JSONValue.object(["text": .string(text)]).text.utf8)
        #expect(try await user.send("PATCH", "/v1/posts/\(post)", body: body).status == 200)
    }

    @Test func publicPostsAreTold() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        // Nobody has used it yet.
        let live = try await poll(bob, "zähler東京")["live"].string!
        let first = try await alice.post(text: "#ZÄHLER東京 and #other")
        let second = try await bob.post(text: "#za\u{308}hler東京")
        for level in ["followers", "mentioned"] {
            let hidden = try await alice.post(
                "/v1/posts", ["text": .string("@\(bob.handle) #zähler東京"), "visibility": .string(level)])
            #expect(hidden.status == 201)
            #expect(try await alice.delete("/v1/posts/\(hidden["id"].string!)").status == 204)
        }
        _ = try await alice.post(text: "#zahler東京")
        try await edit(alice, first, "#zähler東京 still")
        try await edit(alice, first, "no more")
        try await edit(alice, first, "nobody hears of it")
        #expect(try await bob.delete("/v1/posts/\(second)").status == 204)
        try await site.settle()
        let response = try await poll(bob, "zähler東京", since: live)
        // The two edits have become one text.
        #expect(
            told(response) == [
                "post.created \(first)", "post.updated \(first)", "post.updated \(first)", "post.deleted \(second)",
            ], "\(told(response))")
        let channel = response.items.first?["channel"].string
        #expect(channel == "tag:zähler東京")
    }

    /// A name has one spelling, and anybody who is signed in may listen.
    @Test func whatIsAChannel() async throws {
        let bob = try await site.signUp()
        for name in ["tag:zähler", "tag:1a", "tag:_", "tag:popular"] {
            let channel = try #require(site.channelKinds.channel(name))
            #expect(try await channel.isOpen(to: ID(bob.id)!))
        }
        #expect(site.channelKinds.channel("tag:zähler")?.path == "/v1/tags/z%C3%A4hler/posts")
        for name in ["tag:Zähler", "tag:za\u{308}hler", "tag:ｓ", "tag:1", "tag:a-b", "tag:#a", "tag:"] {
            #expect(site.channelKinds.channel(name) == nil, "\(name)")
        }
        let refused = try await poll(bob, "Zähler")
        #expect(refused.isProblem(400, "invalid_field", field: "channels"), "\(refused)")
    }

    /// What has become of a post, or between its author and the reader, is asked when it is read.
    @Test func whatMayNotBeSeenIsNotTold() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let live = try await poll(bob, "unseen")["live"].string!
        _ = try await alice.post(text: "#unseen")
        try await site.settle()
        #expect(try await told(poll(bob, "unseen", since: live)).count == 1)
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await told(poll(bob, "unseen", since: live)) == [])
    }

    /// Others' hashtags are no part of what goes on to nodes and chunks.
    @Test func tagsStayInTheLog() async throws {
        let alice = try await site.signUp()
        let name = try #require(ChannelName("tag:inside"))
        let start = try await site.channels.register([name], node: NodeName.random())[0].partition.cursor
        _ = try await alice.post(text: "#inside")
        try await site.settle()
        let missed = try #require(try await site.channels.recover(name, from: start).missed)
        #expect(missed.count == 1 && missed[0].envelope.headers.keys.allSatisfy { !$0.hasPrefix("tags") })
    }
}
