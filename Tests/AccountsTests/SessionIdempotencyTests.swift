import Core
import Store
import TestSite
import Testing

/// Keys of callers without a session: what is kept for them, and for how long.
@Suite(.site) struct SessionIdempotencyTests {
    private let site = TestSite.current

    private func call(_ route: String, _ key: String?, _ body: JSONValue) async throws -> TestResponse {
        try await site.stranger().post("/v1/auth/\(route)", body, key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    private func account(_ handle: String) -> JSONValue {
        ["handle": .string(handle), "password": .string(TestUser.password)]
    }

    private func keptKeys() async throws -> Int64 {
        try await site.database.query("SELECT count(*) AS count FROM idempotency_keys")[0].integer("count")
    }

    /// As long as the session lives the first response comes again; then log-in opens a new session, and the others say
    /// what is true.
    @Test func aReplayOpensNothingAfterLogOut() async throws {
        let (body, key) = (account(site.newHandle()), "one-key")
        let signedUp = try await call("signup", key, body)
        let loggedIn = try await call("login", key, body)
        let token: JSONValue = ["refresh_token": .string(loggedIn["refresh_token"].string!)]
        let refreshed = try await call("refresh", key, token)
        #expect([signedUp, loggedIn, refreshed].map(\.status) == [201, 200, 200])
        for (route, body, first) in [
            ("signup", body, signedUp), ("login", body, loggedIn), ("refresh", token, refreshed),
        ] {
            let again = try await call(route, key, body)
            #expect(again.isReplayed && again.body == first.body && again.status == first.status)
        }
        for opened in [signedUp, refreshed] {
            let token = JSONValue.string(opened["refresh_token"].string!)
            #expect(try await call("logout", nil, ["refresh_token": token]).status == 204)
        }
        #expect(try await call("signup", key, body).isProblem(409, "handle_taken"))
        #expect(try await call("refresh", key, token).isProblem(401, "token_reused"))
        let new = try await call("login", key, body)
        #expect(new.status == 200 && !new.isReplayed)
        #expect(try await TestUser(new, at: "127.0.0.1", of: site).get("/v1/me").status == 200)
        #expect(try await call("login", key, body).body == new.body)
    }

    /// Two who are not signed in may choose the same key, also for one handle: neither is in the other's way, or learns of
    /// it.
    @Test func theKeyOfAStranger() async throws {
        let key = "shared"
        let bodies = [account(site.newHandle()), account(site.newHandle())]
        var firsts: [TestResponse] = []
        for body in bodies { firsts.append(try await call("signup", key, body)) }
        #expect(firsts.map(\.status) == [201, 201] && firsts[0].body != firsts[1].body)
        let handle = JSONValue.string(firsts[0]["user"]["handle"].string!)
        let probe: JSONValue = ["handle": handle, "password": "another password"]
        for tried in [key, nil] { #expect(try await call("signup", tried, probe).isProblem(409, "handle_taken")) }
        #expect(try await call("login", key, probe).isProblem(401, "invalid_credentials"))
        for (body, first) in zip(bodies, firsts) {
            let again = try await call("signup", key, body)
            #expect(again.isReplayed && again.body == first.body)
        }
    }

    /// Nor for a token that could be one: whoever sends a thousand of them makes no row.
    @Test(arguments: ["nonsense", "", String(repeating: "x", count: 5000), String(repeating: "A", count: 43)])
    func nothingIsKeptForNonsense(_ token: String) async throws {
        let before = try await keptKeys()
        #expect(try await call("logout", "n", ["refresh_token": .string(token)]).status == 204)
        let refused = try await call("refresh", "n", ["refresh_token": .string(token)])
        #expect(refused.isProblem(401, "invalid_credentials"))
        #expect(try await keptKeys() == before)
    }

    @Test func aLogOutIsKept() async throws {
        let alice = try await site.signUp()
        for isReplayed in [false, true] {
            let response = try await call("logout", "out", ["refresh_token": .string(alice.refreshToken)])
            #expect(response.status == 204 && response.isReplayed == isReplayed)
        }
    }

    /// The key is the user's, the ticket a session's: the next session gets one of its own.
    @Test func aTicketIsNotGivenAgainAfterLogOut() async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        func ticket(_ user: TestUser) async throws -> String? {
            try await user.post("/v1/live/ticket", nil, ["Idempotency-Key": "t"])["ticket"].string
        }
        let first = try await ticket(alice)
        #expect(try await ticket(other) == first && first != nil)
        #expect(try await call("logout", nil, ["refresh_token": .string(alice.refreshToken)]).status == 204)
        let second = try await ticket(other)
        #expect(second != nil && second != first)
    }
}
