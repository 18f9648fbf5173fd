import Core
import Store
import TestSite
import Testing

/// Writes that are sent again with their key.
@Suite(.site, .serialized) struct IdempotencyTests {
    private let site = TestSite.current

    private func post(_ user: TestUser, _ key: String, _ text: String, _ path: String = "/v1/posts") async throws
        -> TestResponse
    {
        try await user.post(path, ["text": .string(text)], ["Idempotency-Key": key])
    }

    private func posts(_ user: TestUser) async throws -> [String] { try await user.walk("/v1/users/\(user.id)/posts") }

    /// The first response again, byte for byte, and one post.
    @Test func isAnsweredAndNotDone() async throws {
        let alice = try await site.signUp()
        let first = try await post(alice, "key-1", "once")
        #expect(first.status == 201 && !first.isReplayed)
        for _ in 0..<3 {
            let again = try await post(alice, "key-1", "once")
            #expect(again.status == 201 && again.isReplayed && again.body == first.body)
            for name in ["Location", "Content-Type"] { #expect(again.header(name) == first.header(name)) }
        }
        #expect(try await posts(alice) == [first["id"].string!])
        try await site.settle()
        #expect(site.events(in: "post.events", of: alice.id) == ["post.created"])
    }

    @Test func withAnotherBody() async throws {
        let alice = try await site.signUp()
        let first = try await post(alice, "key-1", "one")
        let refused = try await post(alice, "key-1", "two")
        #expect(refused.isProblem(409, "idempotency_conflict", field: "Idempotency-Key"))
        // The same in JSON, but not the same bytes.
        let spaced = try await alice.send(
            "POST", "/v1/posts", ["Idempotency-Key": "key-1"], body: Array(#"{"text": "one"}"#.utf8))
        #expect(spaced.isProblem(409, "idempotency_conflict"))
        #expect(try await posts(alice) == [first["id"].string!])
        #expect(try await post(alice, "key-1", "one").body == first.body)
    }

    @Test func aKeyBelongsToAUserAndAKindOfWrite() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let first = try await post(alice, "shared", "same")
        let second = try await post(bob, "shared", "same")
        #expect(second.status == 201 && !second.isReplayed && second["author"]["id"].string == bob.id)
        let path = "/v1/posts/\(first["id"].string!)"
        for isReplayed in [false, true] {
            let deleted = try await alice.delete(path, ["Idempotency-Key": "shared"])
            #expect(deleted.status == 204 && deleted.isReplayed == isReplayed)
        }
        // The short form is the same write by another address.
        #expect(try await post(alice, "shared", "same", "/posts").isProblem(409, "idempotency_conflict"))
    }

    /// A key that came with bad input is not burnt by it.
    @Test func whatWasRefusedMayBeCorrected() async throws {
        let alice = try await site.signUp()
        #expect(try await post(alice, "corrected", "").isProblem(400, "invalid_field", field: "text"))
        let response = try await post(alice, "corrected", "now with text")
        #expect(response.status == 201 && !response.isReplayed)
    }

    @Test(arguments: [
        String(repeating: "x", count: 128), "!", "~", "a:b/c?d=e&f", "6f1c1b7e-0b43-4b0e-9a5c-0f7c8e1a2b3c",
    ])
    func keysThatAreAllowed(_ key: String) async throws {
        let alice = try await site.signUp()
        let first = try await post(alice, key, "x")
        #expect(first.status == 201)
        #expect(try await post(alice, key, "x").body == first.body)
    }

    @Test(arguments: ["", String(repeating: "x", count: 129), "a b", "ä", "a\tb"])
    func keysThatAreNone(_ key: String) async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let mine = try await alice.post(text: "x")
        for response in [
            try await post(alice, key, "x"), try await alice.delete("/v1/posts/\(mine)", ["Idempotency-Key": key]),
            try await alice.put("/v1/users/\(bob.id)/follow", nil, ["Idempotency-Key": key]),
            try await alice.delete("/v1/users/\(bob.id)/follow", ["Idempotency-Key": key]),
            try await alice.post("/v1/live/ticket", nil, ["Idempotency-Key": key]),
        ] {
            #expect(response.isProblem(400, "invalid_field", field: "Idempotency-Key"))
        }
        #expect(try await posts(alice) == [mine])
    }

    /// One post; every response is that post, or says that the first is still running.
    @Test func manyTimesAtOnce() async throws {
        let alice = try await site.signUp()
        let responses = try await concurrently(48) { _ in try await post(alice, "storm", "only one") }
        let created = responses.filter { $0.status == 201 }
        #expect(Set(created.map(\.body)).count == 1 && created.count { !$0.isReplayed } == 1)
        for response in responses where response.status != 201 {
            #expect(response.isProblem(409, "conflict", field: "Idempotency-Key") && response.retryAfter == 1)
        }
        #expect(try await posts(alice) == [created[0]["id"].string!])
    }

    @Test func whileTheFirstIsRunning() async throws {
        let alice = try await site.signUp()
        let database = site.database
        let first = try await database.transaction { transaction in
            try await transaction.query("SELECT 1 AS one FROM users WHERE id = \(ID(alice.id)) FOR UPDATE")
            let first = Task { try await post(alice, "slow", "x") }
            try await eventually { try await site.waitingForLocks() == 1 }
            let refused = try await post(alice, "slow", "x")
            #expect(refused.isProblem(409, "conflict", field: "Idempotency-Key") && refused.retryAfter == 1)
            return first
        }
        #expect(try await first.value.status == 201)
        #expect(try await post(alice, "slow", "x").body == first.value.body)
    }

    @Test func aKeyIsForgottenAfterADay() async throws {
        let alice = try await site.signUp()
        let first = try await post(alice, "daily", "x")
        try await site.pass(seconds: 86_390)
        let later = try await site.logIn(alice)
        #expect(try await post(later, "daily", "x").body == first.body)
        try await site.pass(seconds: 11)
        let second = try await post(later, "daily", "x")
        #expect(second.status == 201 && !second.isReplayed && second.body != first.body)
        try await site.pass(seconds: 25 * 3600 + 1)
        try await site.runUpkeep()
        let left = try await site.database.query(
            "SELECT count(*) AS count FROM idempotency_keys WHERE user_id = \(ID(alice.id))")
        #expect(try left[0].integer("count") == 0)
    }

    /// Who can write to the table can't have one user given the response that another had, nor one request that of another.
    @Test(arguments: [false, true]) func aSealedResponseBelongsToItsRow(withItsHash: Bool) async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let first = try await post(alice, "one", "the same text")
        _ = try await post(alice, "two", "the same text")
        _ = try await post(bob, "one", "the same text")
        for (user, key) in [(alice, "two"), (bob, "one")] {
            try await site.database.query(
                """
                UPDATE idempotency_keys k SET response = o.response,
                    request_hash = CASE WHEN \(withItsHash) THEN o.request_hash ELSE k.request_hash END
                FROM idempotency_keys o
                WHERE o.user_id = \(ID(alice.id)) AND o.key = 'one' AND k.user_id = \(ID(user.id)) AND k.key = \(key)
                """)
            #expect(try await post(user, key, "the same text").isProblem(409, "idempotency_conflict"))
        }
        #expect(try await post(alice, "one", "the same text").body == first.body)
    }
}
