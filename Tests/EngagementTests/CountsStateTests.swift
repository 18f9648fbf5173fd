import Core
import Feed
import Live
import TestSite
import Testing

/// `post.counts` on `post:{id}`.
@Suite(.site) struct CountsStateTests {
    private let site = TestSite.current
    private let node = NodeName.random()

    private func state(_ post: String) async throws -> ChannelState? {
        try await site.channels.recover(ChannelName(kind: "post", id: ID(post)!), from: nil).state
    }

    private func text(_ post: String) async throws -> String? {
        try await state(post).map { String(decoding: $0.publication.event, as: UTF8.self) }
    }

    private func subscribe(_ post: String) async throws {
        _ = try await site.channels.register([ChannelName(kind: "post", id: ID(post)!)], node: node)
    }

    @Test func likesReachWhoLooks() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let posts = try await alice.posts(2)
        try await subscribe(posts[0])
        for post in posts { #expect(try await bob.put("/v1/posts/\(post)/like").status == 204) }
        try await site.settle()
        #expect(
            try await text(posts[0])
                == #"{"type":"post.counts","post_id":"\#(posts[0])","likes":1,"comments":0,"views":0,"version":1}"#)
        // Nobody looks at it.
        #expect(try await state(posts[1]) == nil)
        #expect(try await bob.delete("/v1/posts/\(posts[0])/like").status == 204)
        try await site.settle()
        let after = try #require(try await state(posts[0]))
        #expect(after.version == 2)
        // A consumer that died before it could say what it had done tells nothing older.
        site.rewind("effects")
        try await site.settle()
        #expect(try await state(posts[0]) == after)
    }

    /// A crowd's likes are few states, and the last has them all.
    @Test func aCrowdIsToldAsOne() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hot")
        try await subscribe(post)
        let users = try await concurrently(20) { _ in try await site.signUp() }
        _ = try await concurrently(20) { try await users[$0].put("/v1/posts/\(post)/like") }
        try await site.settle()
        let state = try #require(try await state(post))
        #expect(state.version == 20)
        #expect(String(decoding: state.publication.event, as: UTF8.self).contains(#""likes":20"#))
    }

    /// Who polls a channel is told its counts first.
    @Test func aPollIsToldThem() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        #expect(try await bob.put("/v1/posts/\(post)/like").status == 204)
        let response = try await bob.get("/v1/feed?channels=post:\(post)")
        #expect(response.items.contains { $0["type"].string == "post.counts" && $0["likes"].integer == 1 })
    }
}
