import Core
import DomainRegistry
import Store

/// The databases of the sites: copies of one that has the schema, so that each costs milliseconds.
///
/// In them time is what the test says: `now()` and `clock_timestamp()` are looked up in a schema before PostgreSQL's own,
/// where they read a row. So what ends after a day ends when the test lets a day pass.
actor TestDatabases {
    static let shared = TestDatabases()
    private static let searchPath = "public,clock,pg_catalog"
    private var template: Task<TestServers, any Error>?
    private var made = 0
    private var last: Task<Void, Never>?

    struct Copy: Sendable {
        let servers: TestServers
        /// No other one has it.
        let number: Int
        let name: String

        var url: String { servers.postgresURL(name, searchPath: TestDatabases.searchPath) }
    }

    func copy() async throws -> Copy {
        let servers = try await prepared().value
        made += 1
        let number = made
        // Each has the same name for a moment.
        let previous = last
        let copy = Task {
            await previous?.value
            let name = "site_\(number)"
            try await servers.maintenance.query(
                "CREATE DATABASE site_new TEMPLATE site_template OWNER martlet STRATEGY wal_log")
            try await servers.maintenance.query("SELECT rename_database('site_new', \(name))")
            return Copy(servers: servers, number: number, name: name)
        }
        last = Task { _ = try? await copy.value }
        return try await copy.value
    }

    private func prepared() -> Task<TestServers, any Error> {
        if let template { return template }
        let task = Task {
            let servers = try await TestServers.shared.value
            try await Self.makeTemplate(servers)
            return servers
        }
        template = task
        return task
    }

    private static func makeTemplate(_ servers: TestServers) async throws {
        try await servers.maintenance.query(
            """
            CREATE FUNCTION rename_database(old text, new text) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN EXECUTE format('ALTER DATABASE %I RENAME TO %I', old, new); END $$
            """)
        try await servers.maintenance.query("CREATE DATABASE site_template OWNER martlet")
        let database = Database(
            loop: servers.loop,
            options: DatabaseOptions(
                connectionInfo: servers.postgresURL("site_template", searchPath: searchPath), connections: 1))
        try await database.batch([
            "CREATE SCHEMA clock",
            "CREATE TABLE clock.instant (time timestamptz NOT NULL)",
            "INSERT INTO clock.instant SELECT pg_catalog.now()",
            """
            CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE
            RETURN (SELECT time FROM clock.instant)
            """,
            """
            CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql
            RETURN (SELECT time FROM clock.instant)
            """,
        ])
        _ = try await database.migrate(Domains.migrations)
        database.close()
        // A template may have no connection.
        try await servers.maintenance.query(
            """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'site_template'
            """)
    }
}
