import DomainRegistry
import Runtime
import Sidecars
import Store
import Testing

/// From the schema of a version before, with its rows, and with its processes still writing.
@Suite(.serialized) struct MigrationTests {
    /// A database of its own, with the steps up to this version.
    private func database(named name: String, created: SQL, at version: Int) async throws -> Database {
        _ = try await TestPostgres.database.value
        let places = PrivateServers.places(in: TestPostgres.folder)
        let loop = EventLoop(name: "migration")
        let superuser = Database(
            loop: loop, options: DatabaseOptions(connectionInfo: places.postgresURL(as: "maintenance"), connections: 1))
        try await superuser.query(created)
        superuser.close()
        let database = Database(
            loop: loop,
            options: DatabaseOptions(connectionInfo: places.postgresURL() + " dbname=\(name)", connections: 2))
        #expect(try await database.migrate(Array(Domains.migrations.prefix(version))) == Array(1...version))
        return database
    }

    private func counts(_ database: Database) async throws -> [[Int64]] {
        try await database.query("SELECT user_id, followers, following FROM follow_counts ORDER BY user_id").map {
            [try $0.integer("user_id"), try $0.integer("followers"), try $0.integer("following")]
        }
    }

    @Test func countsOfFollowsAreTakenAlong() async throws {
        let database = try await database(named: "version_4", created: "CREATE DATABASE version_4 OWNER martlet", at: 4)
        try await database.query(
            """
            INSERT INTO users (id, handle, display_name, password_hash, followers, following)
            VALUES (1, 'ann', 'Ann', '', 7, 3), (2, 'ben', 'Ben', '', 0, 0)
            """)
        try await database.query(
            "INSERT INTO outbox (topic, key, payload, headers) VALUES ('post.events', '1', '', '{}')")
        let new = Domains.migrations.map(\.number).filter { $0 > 4 }
        #expect(try await database.migrate(Domains.migrations) == new)
        #expect(try await database.migrate(Domains.migrations) == [])
        #expect(try await counts(database) == [[1, 7, 3], [2, 0, 0]])

        // What a process of the version before writes now.
        try await database.query("UPDATE users SET followers = followers + 1 WHERE id = 1")
        try await database.query("UPDATE users SET following = following - 1 WHERE id = 1")
        try await database.query(
            "INSERT INTO users (id, handle, display_name, password_hash) VALUES (3, 'cy', 'Cy', '')")
        try await database.query("UPDATE users SET following = following + 1, posts = posts + 1 WHERE id = 3")
        try await database.query("UPDATE users SET posts = posts + 1 WHERE id = 2")
        #expect(try await counts(database) == [[1, 8, 2], [2, 0, 0], [3, 0, 1]])
        // A version before finds nothing to do, and goes on.
        #expect(try await database.migrate(Array(Domains.migrations.prefix(4))) == [])
        database.close()
    }

    /// A version before did not say which sessions have no refresh token on purpose. Those of the operator's tools live on
    /// for as long as their longest token; a log-in that was left alone does not come to life again.
    @Test func abandonedLogInsStayDead() async throws {
        let database = try await database(named: "version_8", created: "CREATE DATABASE version_8 OWNER martlet", at: 8)
        try await database.query(
            "INSERT INTO users (id, handle, display_name, password_hash) VALUES (1, 'ann', 'Ann', '')")
        // The last six bits of an id tell the rows apart here.
        try await database.query(
            """
            INSERT INTO sessions (id, user_id, ended_at)
            SELECT (((extract(epoch FROM now()) - 1767225600 - days * 86400) * 1000)::bigint << 12) + node * 64 + sequence,
                1, CASE WHEN ended THEN now() - interval '5 days' END
            FROM (VALUES (1, 40, 0, false), (2, 120, 0, false), (3, 2, 0, false), (4, 40, 63, false), (5, 40, 62, false),
                (6, 120, 62, false), (7, 40, 63, true), (8, 40, 61, false)) row (sequence, days, node, ended)
            """)
        try await database.query(
            """
            INSERT INTO refresh_tokens (hash, session_id, expires_at)
            SELECT 'here', id, now() + interval '28 days' FROM sessions WHERE id & 63 = 3
            """)
        _ = try await database.migrate(Domains.migrations)

        let ended: SQL = "SELECT id & 63 AS n FROM sessions WHERE ended_at IS NOT NULL ORDER BY 1"
        #expect(try await numbers(database, ended) == [1, 2, 6, 7, 8])
        #expect(try await numbers(database, "SELECT id & 63 AS n FROM live_sessions ORDER BY 1") == [3, 4, 5])
        let withTokens: SQL = """
            SELECT id & 63 AS n FROM sessions
            WHERE tokens_until BETWEEN now() + interval '59 days' AND now() + interval '61 days'
            ORDER BY 1
            """
        #expect(try await numbers(database, withTokens) == [4, 5, 7])
        // Nobody need be told of an end long ago: that could be millions of sessions for each process to remember.
        #expect(
            try await numbers(database, "SELECT 1 AS n FROM sessions WHERE ended_at > now() - interval '1 hour'") == [])
        database.close()
    }

    private func numbers(_ database: Database, _ sql: SQL) async throws -> [Int64] {
        try await database.query(sql).map { try $0.integer("n") }
    }
}
