import Core
import Store
import TestSite
import Testing

/// Whose doings nobody is told of, when they are written down and when the list is read. `unread` is that of the list, always.
@Suite(.site, .serialized) struct AudienceTests {
    private let site = TestSite.current

    /// The number is that of the list without filters.
    private func check(_ user: TestUser, _ expected: Int) async throws {
        let items = try await user.pages("/v1/notifications", limit: 2).flatMap(\.items)
        #expect(items.filter { $0["read"].bool == false }.count == expected)
        #expect(try await user.unread() == Int64(expected))
    }

    /// A block takes back what is there, at its commit, both ways.
    @Test func aBlockTakesBack() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let (post, bobs) = (try await alice.post(text: "hello"), try await bob.post(text: "bob's"))
        for user in [bob, carol] { try await user.like(post) }
        try await alice.like(bobs)
        try await bob.follow(alice)
        try await bob.does("PUT", "/v1/users/\(alice.id)/bell")
        try await site.settle()
        try await check(alice, 2)
        try await alice.does("PUT", "/v1/users/\(bob.id)/block")
        // Nothing was heard of it yet.
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        #expect(try await bob.notified() == [])
        #expect(try await site.wrongCounts() == [])
        try await check(alice, 1)
        try await check(bob, 0)
        try await alice.does("DELETE", "/v1/users/\(bob.id)/block")
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        #expect(try await bob.notified() == [])
        _ = try await alice.post(text: "the bell is off")
        try await site.settle()
        #expect(try await bob.notified() == [])
    }

    /// A mute that keeps out notifications, and one that does not. What was kept out does not come back.
    @Test(arguments: [true, false]) func aMute(_ keepsOut: Bool) async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        try await bob.like(post)
        try await site.settle()
        try await alice.does("PUT", "/v1/users/\(bob.id)/mute", ["notifications": .bool(keepsOut)])
        try await check(alice, keepsOut ? 0 : 1)
        let like = keepsOut ? [] : ["like:post:\(post) 1"]
        #expect(try await alice.notified() == like)
        try await bob.follow(alice)
        try await site.settle()
        #expect(try await alice.notified() == (keepsOut ? [] : ["follow 1"]) + like)
        try await alice.does("DELETE", "/v1/users/\(bob.id)/mute")
        try await site.settle()
        #expect(try await alice.notified() == (keepsOut ? [] : ["follow 1"]) + like)
        #expect(try await site.wrongCounts() == [])
    }

    @Test func whoIsSuspendedIsLeftOut() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let (post, other) = (try await alice.post(text: "hello"), try await alice.post(text: "other"))
        for user in [bob, carol] { try await user.like(post) }
        try await bob.like(other)
        try await site.settle()
        try await check(alice, 2)
        try await site.suspend(bob)
        try await check(alice, 1)
        #expect(try await alice.notification("like:post:\(post)").actors == [carol.handle])
        #expect(try await alice.get("/v1/notifications/like:post:\(post)/actors").ids == [carol.id])
        #expect(try await alice.get("/v1/notifications/like:post:\(other)/actors").isProblem(404, "not_found"))
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        #expect(try await site.wrongCounts() == [])
    }

    @Test func whoIsErasedIsGone() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello @\(bob.handle)")
        for user in [bob, carol] { try await user.like(post) }
        try await bob.does("PUT", "/v1/users/\(alice.id)/bell")
        _ = try await bob.comment(on: post)
        try await site.settle()
        #expect(try await alice.notified().count == 2)
        #expect(try await bob.notified().count == 1)
        try await site.erase(bob)
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        site.rewind("notifications")
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        #expect(try await site.wrongCounts() == [])
        let user = SQL.parameter(ID(bob.id)!)
        let left = try await site.database.query(
            """
            SELECT (SELECT count(*) FROM notification_causes WHERE user_id = \(user) OR actor_id = \(user))
                + (SELECT count(*) FROM notifications WHERE user_id = \(user))
                + (SELECT count(*) FROM notification_state WHERE user_id = \(user))
                + (SELECT count(*) FROM bells WHERE user_id = \(user) OR author = \(user)) AS rows
            """)[0].integer("rows")
        #expect(left == 0)
        try await site.erase(alice)
        #expect(try await carol.notified() == [])
    }
}
