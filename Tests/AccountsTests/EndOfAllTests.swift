import Core
import Store
import TestSite
import Testing

/// What the operator ends: a user's sessions, and all.
@Suite(.site, .serialized) struct EndOfAllTests {
    private let site = TestSite.current

    private func refresh(_ user: TestUser) async throws -> TestResponse {
        try await site.stranger().post("/v1/auth/refresh", ["refresh_token": .string(user.refreshToken)])
    }

    private func count(_ condition: SQL) async throws -> Int {
        try await site.database.query("SELECT count(*) AS count FROM sessions WHERE \(condition)")[0].int("count")
    }

    @Test func allOfAUser() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let again = try await site.logIn(alice)
        #expect(try await site.endSessions(of: alice) == 2)
        for user in [alice, again] {
            #expect(try await user.get("/v1/me").isProblem(401, "unauthenticated"))
            #expect(try await refresh(user).status == 401)
        }
        #expect(try await bob.get("/v1/me").status == 200)
        #expect(try await refresh(bob).status == 200)
        #expect(try await site.endSessions(of: alice) == 0)
        #expect(try await site.logIn(alice).get("/v1/me").status == 200)
        let audit = try await site.database.query(
            "SELECT after->>'ended' AS ended FROM audit WHERE did = 'user.sessions_ended' ORDER BY id")
        #expect(try audit.map { try $0.text("ended") } == ["2", "0"])
    }

    /// Also what was made in this very millisecond, by a process whose clock is ahead, and in one that hears of it later.
    @Test func allOfAll() async throws {
        let other = try await site.another()
        let users = [try await site.signUp(), try await site.signUp(), try await other.signUp()]
        let spent = users[0].refreshToken
        let refreshed = try users[0].with(try await refresh(users[0]))
        let ahead = try await site.logIn(users[1])
        let later = ID(firstOf: site.clock.milliseconds() + 20_000)
        try await site.database.query(
            """
            WITH s AS (
                INSERT INTO sessions (id, user_id)
                SELECT \(later)::bigint, user_id FROM sessions WHERE user_id = \(ID(ahead.id)!) LIMIT 1 RETURNING id)
            INSERT INTO refresh_tokens (hash, session_id, expires_at) SELECT '\\x01', id, now() + interval '1 day' FROM s
            """)
        #expect(try await users[2].on(other).get("/v1/me").status == 200)
        try await site.endSessions(of: nil)
        for user in users + [refreshed, ahead] {
            #expect(try await user.on(site).get("/v1/me").isProblem(401, "unauthenticated"))
            #expect(try await refresh(user).status == 401)
        }
        #expect(
            try await site.stranger().post("/v1/auth/refresh", ["refresh_token": .string(spent)]).status == 401)
        try await other.lookForEndedSessions()
        #expect(try await users[2].on(other).get("/v1/me").isProblem(401, "unauthenticated"))
        #expect(try await site.database.query("SELECT id FROM live_sessions").isEmpty)
        #expect(site.accounts.hasEnded(later))
        #expect(try await count("id = \(later) AND ended_at IS NOT NULL") == 1)
        let audit = try await site.database.query("SELECT target FROM audit WHERE did = 'sessions.ended'")
        #expect(try audit.map { try $0.integer("target") } == [0])

        // Nothing is born dead: who comes in the same millisecond is told to come again.
        let login: JSONValue = ["handle": .string(users[0].handle), "password": .string(TestUser.password)]
        let early = try await site.stranger().post("/v1/auth/login", login)
        #expect(early.isProblem(503, "overloaded"))
        try await site.pass(seconds: 0.001)
        #expect(try await site.logIn(users[0]).get("/v1/me").status == 200)

        // A process that starts now knows it, and the rows come to say so.
        let third = try await site.another()
        #expect(try await users[1].on(third).get("/v1/me").isProblem(401, "unauthenticated"))
        await third.close()
        let before = try await count("ended_at IS NULL")
        try await site.runUpkeep()
        let after = try await count("ended_at IS NULL")
        #expect(before > 1 && after == 1)
        let work = try await site.database.query("SELECT written = up_to AS is_done FROM ended_sessions")
        #expect(try work[0].bool("is_done"))
        await other.close()
    }
}
