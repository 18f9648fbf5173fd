import Core
import TestSite
import Testing

/// `PUT` and `DELETE /v1/users/{id}/follow`, and the short form.
@Suite(.site) struct FollowTests {
    private let site = TestSite.current

    /// What both say of the follow: the followee's followers, the follower's followees, and whether there is one.
    private func told(_ follower: TestUser, _ followee: TestUser) async throws -> (Int64?, Int64?, Bool?) {
        let seen = try await follower.get("/v1/users/\(followee.id)")
        let own = try await follower.get("/v1/me")
        return (seen["followers"].integer, own["following"].integer, seen["followed"].bool)
    }

    @Test func isDoneOnceHoweverOftenItIsAsked() async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        for _ in 0..<3 { try await carol.follow(alice) }
        #expect(try await told(carol, alice) == (1, 1, true))
        for _ in 0..<3 { try await carol.unfollow(alice) }
        #expect(try await told(carol, alice) == (0, 0, false))
    }

    @Test func atOnceItCountsOnce() async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        _ = try await concurrently(24) { _ in try await carol.follow(alice) }
        #expect(try await told(carol, alice) == (1, 1, true))
        #expect(try await alice.walk("/v1/users/\(alice.id)/followers") == [carol.id])
    }

    /// Users who follow each other at once, and take it back: no one waits for another in a circle, and the counters are
    /// what the lists are.
    @Test func inAllDirectionsAtOnce() async throws {
        let users = try await concurrently(5) { _ in try await site.signUp() }
        let pairs = users.indices.flatMap { a in users.indices.filter { $0 != a }.map { (a, $0) } }
        _ = try await concurrently(pairs.count * 3) { number in
            let (follower, followee) = pairs[number % pairs.count]
            switch number / pairs.count {
            case 1 where (follower + followee) % 2 == 0: try await users[follower].unfollow(users[followee])
            default: try await users[follower].follow(users[followee])
            }
        }
        for user in users {
            let me = try await user.get("/v1/me")
            let followers = try await user.walk("/v1/users/\(user.id)/followers")
            let following = try await user.walk("/v1/users/\(user.id)/following")
            #expect(me["followers"].integer == Int64(followers.count) && Set(followers).count == followers.count)
            #expect(me["following"].integer == Int64(following.count) && Set(following).count == following.count)
        }
        let deadlocks = try await site.database.query(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        #expect(try deadlocks[0].integer("deadlocks") == 0)
    }

    @Test func oneEventForEachChange() async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        for _ in 0..<2 { try await carol.follow(alice) }
        for _ in 0..<2 { try await carol.unfollow(alice) }
        try await site.settle()
        #expect(site.events(in: "graph.events", of: carol.id) == ["follow.accepted", "follow.removed"])
    }

    @Test func nobodyFollowsOneself() async throws {
        let alice = try await site.signUp()
        let long = try await alice.put("/v1/users/\(alice.id)/follow")
        #expect(long.isProblem(400, "invalid_field", field: "id"))
        #expect(try await alice.delete("/v1/users/\(alice.id)/follow").isProblem(400, "invalid_field", field: "id"))
        let short = try await alice.post("/follow", ["user_id": .string(alice.id)])
        #expect(short.isProblem(400, "invalid_field", field: "user_id"))
    }

    @Test func whoIsNotThere() async throws {
        let alice = try await site.signUp()
        #expect(try await alice.put("/v1/users/1/follow").isProblem(404, "not_found"))
        #expect(try await alice.delete("/v1/users/1/follow").isProblem(404, "not_found"))
        #expect(try await alice.post("/follow", ["user_id": "1"]).isProblem(404, "not_found", field: "user_id"))
    }

    @Test func theShortForm() async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        for _ in 0..<2 {
            #expect(try await carol.post("/follow", ["user_id": .string(alice.id)]).status == 204)
        }
        #expect(try await told(carol, alice) == (1, 1, true))
        for id: JSONValue in ["abc", "", "-1", "1 "] {
            let response = try await carol.post("/follow", ["user_id": id])
            #expect(response.isProblem(400, "invalid_field", field: "user_id"))
        }
    }

    @Test func needsASession() async throws {
        let alice = try await site.signUp()
        for method in ["PUT", "DELETE"] {
            let response = try await site.stranger().send(method, "/v1/users/\(alice.id)/follow")
            #expect(response.isProblem(401, "unauthenticated"))
        }
    }

    /// Nobody makes or ends a follow in the name of another, whatever the body or the query says.
    @Test func isTheCallersOwn() async throws {
        let (alice, bob, carol) = (try await site.signUp(), try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        try await carol.unfollow(alice)
        try await alice.unfollow(bob)
        let query = try await alice.put("/v1/users/\(carol.id)/follow?follower=\(bob.id)")
        #expect(query.isProblem(400, "unknown_parameter", field: "follower"))
        let body = try await alice.post("/follow", ["user_id": .string(carol.id), "follower": .string(bob.id)])
        #expect(body.isProblem(400, "unknown_field", field: "follower"))
        #expect(try await carol.walk("/v1/users/\(alice.id)/followers") == [bob.id])
        #expect(try await carol.walk("/v1/users/\(carol.id)/followers") == [])
    }

    /// A replayed unfollow does not undo what has happened since.
    @Test func withAKey() async throws {
        let (alice, carol) = (try await site.signUp(), try await site.signUp())
        let path = "/v1/users/\(alice.id)/follow"
        let post = try await alice.post(text: "before")
        for isReplayed in [false, true] {
            let response = try await carol.put(path, nil, ["Idempotency-Key": "k"])
            #expect(response.status == 204 && response.isReplayed == isReplayed)
        }
        #expect(try await carol.delete(path, ["Idempotency-Key": "k"]).isReplayed == false)
        try await carol.follow(alice)
        #expect(try await carol.delete(path, ["Idempotency-Key": "k"]).isReplayed)
        #expect(try await told(carol, alice) == (1, 1, true))
        #expect(try await carol.walk() == [post])
        // The key came with another address before.
        let bob = try await site.signUp()
        let other = try await carol.put("/v1/users/\(bob.id)/follow", nil, ["Idempotency-Key": "k"])
        #expect(other.isProblem(409, "idempotency_conflict", field: "Idempotency-Key"))
    }
}
