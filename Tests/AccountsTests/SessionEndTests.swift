import Core
import Store
import TestSite
import Testing

/// What ends a session, and what ends with it.
@Suite(.site, .serialized) struct SessionEndTests {
    private let site = TestSite.current

    private func post(_ route: String, _ token: String) async throws -> TestResponse {
        try await site.stranger().post("/v1/auth/\(route)", ["refresh_token": .string(token)])
    }

    private func session(of user: TestUser) throws -> ID {
        let claims = Base64URL.decode(String(user.accessToken!.split(separator: ".")[1]))!
        return ID(try JSONValue.parse(claims)["sid"].string!)!
    }

    @Test func aLogOutEndsTheSessionAndNoOther() async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        #expect(try await post("logout", alice.refreshToken).status == 204)
        for path in ["/v1/me", "/v1/feed", "/v1/users/\(alice.id)"] {
            #expect(try await alice.get(path).isProblem(401, "unauthenticated"))
        }
        #expect(try await post("refresh", alice.refreshToken).status == 401)
        #expect(try await other.get("/v1/me").status == 200)
        #expect(try await post("refresh", other.refreshToken).status == 200)
    }

    /// Any token of the family ends it, also a spent one; its grace ends, too.
    @Test(arguments: 0..<4) func everyTokenOfTheFamilyEndsIt(_ which: Int) async throws {
        var chain = [try await site.signUp()]
        for _ in 0..<3 { chain.append(try chain[0].with(try await post("refresh", chain.last!.refreshToken))) }
        #expect(try await post("logout", chain[which].refreshToken).status == 204)
        for user in chain {
            #expect(try await user.get("/v1/me").isProblem(401, "unauthenticated"))
            #expect(try await post("refresh", user.refreshToken).status == 401)
        }
    }

    /// Of the two at once the end wins: what the refresh may have won is dead.
    @Test func aLogOutAgainstARefresh() async throws {
        for _ in 0..<10 {
            let alice = try await site.signUp()
            async let ended = post("logout", alice.refreshToken)
            let won = try await post("refresh", alice.refreshToken)
            #expect(try await ended.status == 204)
            guard won.status == 200 else {
                #expect(won.status == 401)
                continue
            }
            let winner = try alice.with(won)
            #expect(try await winner.get("/v1/me").isProblem(401, "unauthenticated"))
            #expect(try await post("refresh", winner.refreshToken).status == 401)
        }
    }

    @Test func anAccessTokenEndsAfterFifteenMinutes() async throws {
        let alice = try await site.signUp()
        try await site.pass(seconds: 898)
        #expect(try await alice.get("/v1/me").status == 200)
        try await site.pass(seconds: 2)
        #expect(try await alice.get("/v1/me").isProblem(401, "token_expired"))
        let again = try alice.with(try await post("refresh", alice.refreshToken))
        #expect(try await again.get("/v1/me").status == 200)
    }

    /// Who has let the refresh token expire has no session, and the row says so to all processes.
    @Test func aSessionEndsWithItsLastRefreshToken() async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        try await site.database.query(
            "UPDATE refresh_tokens SET expires_at = now() WHERE session_id = \(try session(of: alice))")
        try await site.runUpkeep()
        let row = try await site.database.query(
            "SELECT ended_at IS NOT NULL AS has_ended FROM sessions WHERE id = \(try session(of: alice))")
        #expect(try row[0].bool("has_ended"))
        #expect(try await post("refresh", alice.refreshToken).isProblem(401, "invalid_credentials"))
        let another = try await site.another()
        #expect(try await alice.on(another).get("/v1/me").isProblem(401, "unauthenticated"))
        #expect(try await other.on(another).get("/v1/me").status == 200)
        await another.close()
        #expect(try await post("refresh", other.refreshToken).status == 200)
    }

    /// One that was spent may expire: it is not the last.
    @Test func aSpentTokenThatExpiresEndsNothing() async throws {
        let alice = try await site.signUp()
        let newer = try alice.with(try await post("refresh", alice.refreshToken))
        try await site.database.query(
            """
            UPDATE refresh_tokens SET expires_at = now()
            WHERE session_id = \(try session(of: alice)) AND spent_at IS NOT NULL
            """)
        try await site.runUpkeep()
        #expect(try await newer.get("/v1/me").status == 200)
        #expect(try await post("refresh", newer.refreshToken).status == 200)
    }
}
