import Runtime
import Sidecars
import Social
import Store
import Testing

/// From the schema of a version before, with its rows, and with its processes still writing.
@Suite(.serialized) struct MigrationTests {
    private func counts(_ database: Database) async throws -> [[Int64]] {
        try await database.query("SELECT user_id, followers, following FROM follow_counts ORDER BY user_id").map {
            [try $0.integer(0), try $0.integer(1), try $0.integer(2)]
        }
    }

    @Test func countsOfFollowsAreTakenAlong() async throws {
        _ = try await TestPostgres.database.value
        let places = PrivateServers.places(in: TestPostgres.folder)
        let loop = EventLoop(name: "migration")
        let superuser = Database(
            loop: loop, options: DatabaseOptions(connectionInfo: places.postgresURL(as: "maintenance"), connections: 1))
        try await superuser.query("CREATE DATABASE version_4 OWNER martlet")
        superuser.close()
        let database = Database(
            loop: loop,
            options: DatabaseOptions(connectionInfo: places.postgresURL() + " dbname=version_4", connections: 2))
        let old = Array(Schema.migrations.prefix(4))
        #expect(try await database.migrate(old) == [1, 2, 3, 4])
        try await database.query(
            """
            INSERT INTO users (id, handle, display_name, password_hash, followers, following)
            VALUES (1, 'ann', 'Ann', '', 7, 3), (2, 'ben', 'Ben', '', 0, 0)
            """)
        try await database.query(
            "INSERT INTO outbox (topic, key, payload, headers) VALUES ('post.events', '1', '', '{}')")
        let new = Schema.migrations.map(\.number).filter { $0 > 4 }
        #expect(try await database.migrate(Schema.migrations) == new)
        #expect(try await database.migrate(Schema.migrations) == [])
        #expect(try await counts(database) == [[1, 7, 3], [2, 0, 0]])

        // What a process of the version before writes now.
        try await database.query("UPDATE users SET followers = followers + 1 WHERE id = 1")
        try await database.query("UPDATE users SET following = following - 1 WHERE id = 1")
        try await database.query(
            "INSERT INTO users (id, handle, display_name, password_hash) VALUES (3, 'cy', 'Cy', '')")
        try await database.query("UPDATE users SET following = following + 1, posts = posts + 1 WHERE id = 3")
        try await database.query("UPDATE users SET posts = posts + 1 WHERE id = 2")
        #expect(try await counts(database) == [[1, 8, 2], [2, 0, 0], [3, 0, 1]])
        await #expect(throws: MigrationError.self) { try await database.migrate(old) }
        database.close()
    }
}
