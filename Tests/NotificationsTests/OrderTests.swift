import Core
import Store
import TestSite
import Testing

/// Events that come again, late, or out of order: what the list says is what is so.
@Suite(.site, .serialized) struct OrderTests {
    private let site = TestSite.current

    /// Without the position, which moves.
    private func inbox(_ user: TestUser) async throws -> [JSONValue] {
        let list = try await user.get("/v1/notifications")
        return list.items + [list["unread"], list["version"]]
    }

    /// All that was ever told comes again; what is read stays read.
    @Test func repeatsChangeNothing() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello @\(bob.handle)")
        for user in [bob, carol] {
            try await user.like(post)
            try await user.follow(alice)
        }
        let comment = try await bob.comment(on: post)
        _ = try await carol.comment(on: post, below: comment)
        try await carol.unlike(post)
        try await bob.unfollow(alice)
        try await site.settle()
        try await alice.does("PUT", "/v1/notifications/read", ["keys": ["follow"]])
        let before = try await (inbox(alice), inbox(bob))
        for _ in 0..<2 {
            site.rewind("notifications")
            try await site.settle()
            #expect(try await inbox(alice) == before.0)
            #expect(try await inbox(bob) == before.1)
        }
        #expect(try await alice.unread() == 2)
        #expect(try await site.wrongCounts() == [])
    }

    /// The log has more than the inbox was there for: a version before knew none.
    @Test func whatWasBeforeIsNoNews() async throws {
        let site = try await TestSite()
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        try await site.database.query("UPDATE notification_start SET since = \(site.clock.milliseconds() + 1000)")
        try await site.pass(seconds: 2)
        let post = try await alice.post(text: "hello")
        try await bob.like(post)
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        await site.close()
    }

    /// What was undone before anything of it was heard is not told, and what was done again is.
    @Test func undoneBeforeItWasHeard() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        try await bob.like(post)
        try await bob.unlike(post)
        try await bob.follow(alice)
        try await bob.does("PUT", "/v1/users/\(alice.id)/block")
        let comment = try await alice.comment(on: post)
        try await alice.does("DELETE", "/v1/comments/\(comment)")
        try await site.settle()
        #expect(try await alice.notified() == [])
        try await bob.does("DELETE", "/v1/users/\(alice.id)/block")
        try await bob.like(post)
        try await bob.unlike(post)
        try await bob.like(post)
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
    }

    /// A removed group comes back with what is new only, whatever is heard again.
    @Test func removedStaysRemoved() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        try await bob.like(post)
        try await site.settle()
        for _ in 0..<2 { try await alice.does("DELETE", "/v1/notifications/like:post:\(post)") }
        #expect(try await alice.notified() == [])
        #expect(try await alice.unread() == 0)
        site.rewind("notifications")
        try await site.settle()
        #expect(try await alice.notified() == [])
        try await carol.like(post)
        try await site.settle()
        #expect(try await alice.notified() == ["like:post:\(post) 1"])
        #expect(try await alice.notification("like:post:\(post)").actors == [carol.handle])
        try await carol.unlike(post)
        try await bob.unlike(post)
        try await site.settle()
        #expect(try await alice.notified() == [])
        #expect(try await site.wrongCounts() == [])
    }

    /// A like is taken back at the moment when it is written down: the one that comes behind the other sees it.
    @Test func manyAtOnce() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hot")
        let users = try await concurrently(8) { _ in try await site.signUp() }
        for _ in 0..<4 {
            _ = try await concurrently(64) { number in
                let user = users[number % 8]
                try await number % 3 == 0 ? user.unlike(post) : user.like(post)
                if number % 5 == 0 { try await site.settle() }
            }
        }
        try await site.settle()
        let likes = try await alice.get("/v1/posts/\(post)/likes").ids.count
        let expected = likes == 0 ? [] : ["like:post:\(post) \(likes)"]
        #expect(try await alice.notified() == expected)
        #expect(try await site.wrongCounts() == [])
    }

    /// As many as are kept, and no more; the oldest go, and stay away.
    @Test func theOldestGo() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let first = try await alice.post(text: "first")
        try await bob.like(first)
        try await site.settle()
        let (author, base) = (SQL.parameter(ID(alice.id)!), SQL.parameter(ID(first)!.raw + 4096))
        try await site.database.batch([
            """
            INSERT INTO posts (id, author_id, text)
            SELECT \(base)::bigint + n, \(author), 'x' FROM generate_series(1, 500) n
            """,
            """
            INSERT INTO notifications (user_id, key, id, type, object_type, object_id, count)
            SELECT \(author), 'like:post:' || (\(base)::bigint + n), \(base)::bigint + 9000000000 + n, 'like', 'post',
                \(base)::bigint + n, 1 FROM generate_series(1, 499) n
            """,
            """
            INSERT INTO notification_causes (user_id, key, cause_id, actor_id, object_id, post_id)
            SELECT \(author), 'like:post:' || (\(base)::bigint + n), \(base)::bigint + 9000000000 + n, \(ID(bob.id)!),
                \(base)::bigint + n, \(base)::bigint + n FROM generate_series(1, 499) n
            """,
            "UPDATE users SET posts = posts + 500 WHERE id = \(author)",
            "UPDATE notification_state SET unread = 500, last_id = \(base)::bigint + 9000001000 WHERE user_id = \(author)",
        ])
        #expect(try await alice.unread() == 500)
        let second = try await alice.post(text: "second")
        try await bob.like(second)
        try await site.settle()
        let all = try await alice.walk("/v1/notifications")
        #expect(all.count == 500 && Set(all).count == 500)
        #expect(try await alice.notified()[0] == "like:post:\(second) 1")
        #expect(try await alice.unread() == 500)
        #expect(try await alice.notification("like:post:\(first)").isNull)
        #expect(try await site.wrongCounts() == [])
    }
}
