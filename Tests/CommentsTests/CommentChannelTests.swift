import Core
import TestSite
import Testing

/// What subscribers of `post:{id}` are told of comments, between two polls.
@Suite(.site, .serialized) struct CommentChannelTests {
    private let site = TestSite.current

    /// A reader's place in the channel.
    private func begin(_ reader: TestUser, _ post: String) async throws -> String {
        let response = try await reader.get("/v1/feed?channels=post:\(post)")
        guard let live = response["live"].string else { throw UnexpectedResponse(response: response) }
        return live
    }

    /// What came since, but for states.
    private func told(_ reader: TestUser, _ post: String, since live: String) async throws -> [JSONValue] {
        let response = try await reader.get("/v1/feed?channels=post:\(post)&since=\(live)")
        guard response.status == 200, response["reset"].bool == false else {
            throw UnexpectedResponse(response: response)
        }
        return response.items.filter { $0["type"].string != "post.counts" }
    }

    private func summary(_ events: [JSONValue]) -> [String] {
        events.map { event in
            let text = event["comment"]["text"].string ?? event["comment_id"].string ?? ""
            return "\(event["type"].string ?? "") \(text)"
        }
    }

    @Test func whatHappensIsTold() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        try await site.settle()
        let live = try await begin(alice, post)
        let top = try await bob.comment("one", on: post)
        let reply = try await bob.comment("two", on: post, below: top)
        try await site.settle()
        _ = try await bob.edit(top, "three")
        try await site.settle()
        let events = try await told(alice, post, since: live)
        #expect(summary(events) == ["comment.created one", "comment.created two", "comment.updated three"])
        let shown = try await site.stranger().get("/v1/comments/\(reply)")
        #expect(events[1]["comment"] == shown.json)
        try await alice.delete(comment: reply)
        try await site.settle()
        // What was deleted is told no more, but for its end.
        let later = try await told(alice, post, since: live)
        #expect(summary(later) == ["comment.created one", "comment.updated three", "comment.deleted \(reply)"])
        #expect(
            later[2] == [
                "channel": .string("post:\(post)"), "type": "comment.deleted", "comment_id": .string(reply),
                "post_id": .string(post), "thread_id": .string(top), "parent_id": .string(top),
            ])
        let state = try await alice.get("/v1/feed?channels=post:\(post)&since=\(live)").items
            .first { $0["type"].string == "post.counts" }
        #expect(state?["comments"].integer == 1)
    }

    @Test(arguments: [true, false]) func aBlockEitherWay(_ byBob: Bool) async throws {
        let users = try await concurrently(4) { _ in try await site.signUp() }
        let (alice, bob, carol, dave) = (users[0], users[1], users[2], users[3])
        let post = try await alice.post(text: "hello")
        try await site.settle()
        let (live, others) = (try await begin(carol, post), try await begin(dave, post))
        let (owner, other) = byBob ? (bob, carol) : (carol, bob)
        #expect(try await owner.put("/v1/users/\(other.id)/block").status == 204)
        let comment = try await bob.comment("bob's", on: post)
        _ = try await alice.comment("alice's", on: post, below: comment)
        _ = try await bob.edit(comment, "bob's again")
        let gone = try await bob.comment("gone", on: post)
        try await bob.delete(comment: gone)
        try await site.settle()
        #expect(summary(try await told(carol, post, since: live)) == ["comment.created alice's"])
        #expect(
            summary(try await told(dave, post, since: others)) == [
                "comment.created bob's", "comment.created alice's", "comment.updated bob's again",
                "comment.deleted \(gone)",
            ])
        #expect(try await owner.delete("/v1/users/\(other.id)/block").status == 204)
        #expect(try await told(carol, post, since: live).count == 4)
    }

    @Test func aSuspendedAuthorSaysNothing() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        try await site.settle()
        let live = try await begin(alice, post)
        _ = try await bob.comment("before", on: post)
        try await site.settle()
        _ = try await bob.comment("on its way", on: post)
        try await site.suspend(bob, seconds: 60)
        try await site.settle()
        #expect(try await told(alice, post, since: live).isEmpty)
    }

    /// It is told once, however often the log brings it.
    @Test func eachIsToldOnce() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        try await site.settle()
        let live = try await begin(alice, post)
        for number in 0..<3 { _ = try await bob.comment("\(number)", on: post) }
        try await site.settle()
        site.rewind("effects")
        try await site.settle()
        #expect(summary(try await told(alice, post, since: live)) == (0..<3).map { "comment.created \($0)" })
    }
}
