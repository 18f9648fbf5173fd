import Accounts
import Store
import Testing

/// What the upkeep removes, it removes some at a time.
@Suite(.serialized) struct UpkeepTests {
    private func count(_ database: Database, _ sql: SQL) async throws -> Int64 {
        try await database.query(sql)[0].integer("count")
    }

    /// A site that refreshes often has millions of them. The session of an unspent one is ended first.
    @Test func expiredTokensAreForgottenSomeAtATime() async throws {
        let database = try await TestPostgres.database.value
        try await database.batch([
            "INSERT INTO users (id, handle, display_name, password_hash) VALUES (71, 'upkeep', '', '')",
            "INSERT INTO sessions (id, user_id, tokens_until) VALUES (72, 71, NULL)",
            """
            INSERT INTO refresh_tokens (hash, session_id, expires_at, spent_at)
            SELECT int4send(n), 72, now() - interval '2 days', CASE WHEN n > 1 THEN now() - interval '20 days' END
            FROM generate_series(1, 10004) n
            """,
        ])
        let tokens: SQL = "SELECT count(*) FROM refresh_tokens WHERE session_id = 72"
        try await Accounts.removeExpired(database)
        #expect(try await count(database, tokens) == 4)
        try await Accounts.removeExpired(database)
        #expect(try await count(database, tokens) == 1)
        let ended: SQL = "SELECT count(*) FROM sessions WHERE id = 72 AND ended_at IS NOT NULL"
        #expect(try await count(database, ended) == 0)
        try await Accounts.endExpired(database)
        #expect(try await count(database, tokens) == 0)
        #expect(try await count(database, ended) == 1)
    }

    /// And so are sessions, which take their tokens with them.
    @Test func endedSessionsAreForgottenSomeAtATime() async throws {
        let database = try await TestPostgres.database.value
        try await database.batch([
            "INSERT INTO users (id, handle, display_name, password_hash) VALUES (73, 'upkeep2', '', '')",
            """
            INSERT INTO sessions (id, user_id, ended_at, tokens_until)
            SELECT n, 73, now() - interval '32 days', NULL FROM generate_series(1001, 2004) n
            """,
        ])
        let sessions: SQL = "SELECT count(*) FROM sessions WHERE user_id = 73"
        try await Accounts.removeExpired(database)
        #expect(try await count(database, sessions) == 4)
        try await Accounts.removeExpired(database)
        #expect(try await count(database, sessions) == 0)
    }
}
