import Core
import TestSite
import Testing

/// `GET /v1/notifications`, its pages and filters, what is read, and who did it.
@Suite(.site) struct ListTests {
    private let site = TestSite.current
    private let list = "/v1/notifications"

    private func liked(_ count: Int) async throws -> (alice: TestUser, keys: [String]) {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        var keys: [String] = []
        for post in try await alice.posts(count) {
            try await bob.like(post)
            try await site.settle()
            keys.insert("like:post:\(post)", at: 0)
        }
        return (alice, keys)
    }

    @Test func newestFirstOverPages() async throws {
        let (alice, keys) = try await liked(5)
        for limit in [1, 2, 5, 100] {
            let items = try await alice.pages(list, limit: limit).flatMap(\.items)
            #expect(items.map { $0["key"].string } == keys)
        }
        let next = try #require(try await alice.get(list + "?limit=1").next)
        let other = try await site.signUp()
        #expect(try await other.get("\(list)?cursor=\(next)").isProblem(400, "invalid_cursor", field: "cursor"))
        #expect(try await site.stranger().get(list).isProblem(401, "unauthenticated"))
    }

    @Test func readUpToOne() async throws {
        let (alice, keys) = try await liked(4)
        let ids = try await alice.get(list).ids
        let read = try await alice.put(list + "/read", ["up_to": .string(ids[1])])
        #expect(read.status == 200 && read["unread"].integer == 1)
        #expect(try await alice.get(list).items.map { $0["read"].bool } == [false, true, true, true])
        #expect(try await alice.notified("?unread=true") == ["\(keys[0]) 1"])
        #expect(try await alice.notified("?unread=false").count == 4)
        #expect(try await alice.get(list + "?unread=true&types=follow")["unread"].integer == 1)
        #expect(try await site.wrongCounts() == [])
    }

    @Test func byType() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        try await bob.like(post)
        try await bob.follow(alice)
        _ = try await bob.comment(on: post)
        try await site.settle()
        #expect(try await alice.notified("?types=follow") == ["follow 1"])
        #expect(try await Set(alice.notified("?types=follow,like")) == ["follow 1", "like:post:\(post) 1"])
        #expect(try await alice.get(list + "?types=mention")["unread"].integer == 3)
        for types in ["", "x", "like,", ",like", "Like", "like,,follow"] {
            #expect(try await alice.get("\(list)?types=\(types)").isProblem(400, "invalid_field", field: "types"))
        }
        #expect(try await alice.get(list + "?unread=1").isProblem(400, "invalid_field", field: "unread"))
    }

    @Test func bodiesThatAreNone() async throws {
        let alice = try await site.signUp()
        let path = list + "/read"
        #expect(try await alice.put(path, [:]).isProblem(400, "missing_field", field: "up_to"))
        for keys in [[], ["like:post"], ["like:post:x"], [1]] as [JSONValue] {
            #expect(try await alice.put(path, ["keys": keys]).isProblem(400, "invalid_field", field: "keys"))
        }
        #expect(try await alice.put(path, ["up_to": "x"]).isProblem(400, "invalid_field", field: "up_to"))
        #expect(try await alice.delete(list + "/like:post:x").isProblem(404, "not_found"))
        #expect(try await alice.get(list + "/like:post:1/actors").isProblem(404, "not_found"))
    }

    /// Each once, who did it last first; three are shown, however many there are.
    @Test func whoDidIt() async throws {
        let alice = try await site.signUp()
        let post = try await alice.post(text: "hello")
        var users: [TestUser] = []
        for _ in 0..<5 {
            let user = try await site.signUp()
            users.insert(user, at: 0)
            _ = try await user.comment(on: post)
        }
        _ = try await users[4].comment(on: post)
        try await site.settle()
        let key = "comment:post:\(post)"
        let group = try await alice.notification(key)
        #expect(group["count"].integer == 6)
        #expect(group.actors == [users[4], users[0], users[1]].map(\.handle))
        let all = ([users[4]] + users.dropLast()).map(\.id)
        for limit in [1, 2, 100] { #expect(try await alice.walk("\(list)/\(key)/actors", limit: limit) == all) }
        #expect(try await users[0].get("\(list)/\(key)/actors").isProblem(404, "not_found"))
    }

    /// Whoever did most of it hides nobody, and makes nobody wait.
    @Test func whoDidItVeryOften() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "hello")
        for user in [carol, bob] { _ = try await user.comment(on: post) }
        try await site.settle()
        let key = "comment:post:\(post)"
        try await site.database.query(
            """
            INSERT INTO notification_causes (user_id, key, cause_id, actor_id)
            SELECT \(ID(alice.id)!), \(key), (1::bigint << 50) + n, \(ID(bob.id)!) FROM generate_series(1, 20000) n
            """)
        try await site.database.query("ANALYZE notification_causes")
        let start = ContinuousClock.now
        for limit in [1, 100] {
            #expect(try await alice.walk("\(list)/\(key)/actors", limit: limit) == [bob.id, carol.id])
        }
        #expect(ContinuousClock.now - start < .seconds(2), "it took minutes when each was compared with each")
    }

    @Test func bellsHaveRules() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        #expect(try await alice.put("/v1/users/\(alice.id)/bell").isProblem(400, "invalid_field"))
        #expect(try await alice.put("/v1/users/1/bell").isProblem(404, "not_found"))
        #expect(try await alice.put("/v1/users/\(bob.id)/block").status == 204)
        #expect(try await alice.put("/v1/users/\(bob.id)/bell").isProblem(403, "forbidden"))
        #expect(try await bob.put("/v1/users/\(alice.id)/bell").isProblem(404, "not_found"))
        #expect(try await alice.delete("/v1/users/\(bob.id)/bell").status == 204)
    }
}
