public import Store

/// Formats and processes in PostgreSQL. Who registers and who enables exclude each other: so either the one sees the
/// process, or the other sees the format.
public struct FormatStore: Sendable {
    /// NOTIFY on this channel tells that a format was enabled.
    public static let channel: StaticString = "martlet_formats"
    /// A process that has shown itself within this time counts as there.
    private static let isThere: SQL = "seen_at > now() - interval '60 seconds'"

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    // MARK: Processes

    /// Writes down that the process is there, and what it reads.
    /// - Returns: the names of all formats that are enabled.
    /// - Throws: `FormatError.unknown` where it does not read one of them: then nothing is written down.
    func register(_ process: ProcessInfo, reads formats: [Format]) async throws -> Set<String> {
        try await database.transaction { transaction in
            try await transaction.query("SELECT pg_advisory_xact_lock_shared(7236473)")
            let results = try await transaction.batch([shown(process, formats), Self.enabled])
            let names = Set(try results[1].map { try $0.text("name") })
            let unknown = names.subtracting(formats.map(\.name))
            guard unknown.isEmpty else { throw FormatError.unknown(unknown.sorted()) }
            return names
        }
    }

    /// The same for a process that runs already, without a check.
    func renew(_ process: ProcessInfo, reads formats: [Format]) async throws -> Set<String> {
        let results = try await database.batch([shown(process, formats), Self.enabled])
        return Set(try results[1].map { try $0.text("name") })
    }

    func remove(_ process: ProcessInfo) async throws {
        try await database.query("DELETE FROM processes WHERE id = \(process.id)")
    }

    /// Processes that ended without a word, a while ago.
    public func prune() async throws {
        try await database.query("DELETE FROM processes WHERE seen_at < now() - interval '10 minutes'")
    }

    private static let enabled: SQL = "SELECT name FROM formats"

    private func shown(_ process: ProcessInfo, _ formats: [Format]) -> SQL {
        """
        INSERT INTO processes (id, role, version, host, pid, formats)
        VALUES (\(process.id), \(process.role), \(process.version), \(process.host), \(process.pid),
            \(formats.map(\.name)))
        ON CONFLICT (id) DO UPDATE SET seen_at = now()
        """
    }

    // MARK: The operator

    public struct Overview: Sendable {
        /// Name and since when, in the order of time.
        public let enabled: [(name: String, since: String)]
        /// One line each.
        public let processes: [String]
    }

    public func overview() async throws -> Overview {
        let results = try await database.batch([
            """
            SELECT name, to_char(enabled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' AS since FROM formats
            ORDER BY enabled_at, name
            """,
            """
            SELECT role || ', Martlet ' || version || ', process ' || pid || ' on ' || host || ', reads '
                || CASE WHEN formats = '{}' THEN 'no format' ELSE array_to_string(formats, ', ') END AS line
            FROM processes WHERE \(Self.isThere) ORDER BY role, host, pid
            """,
            Self.unregistered,
        ])
        return Overview(
            enabled: try results[0].map { (name: try $0.text("name"), since: try $0.text("since")) },
            processes: try (Array(results[1]) + results[2]).map { try $0.text("line") })
    }

    /// Enables formats, for good.
    /// - Parameter force: although there are processes that do not read them.
    /// - Returns: the names of those that were not enabled before.
    /// - Throws: `FormatError.inUse`.
    public func enable(_ names: [String], force: Bool) async throws -> [String] {
        try await database.transaction { transaction in
            try await transaction.query("SELECT pg_advisory_xact_lock(7236473)")
            let results = try await transaction.batch([
                """
                SELECT role || ' (Martlet ' || version || ', process ' || pid || ' on ' || host || ')' AS line
                FROM processes WHERE \(Self.isThere) AND NOT formats @> \(names)::text[] ORDER BY role, host, pid
                """,
                Self.unregistered,
            ])
            let hindrances = try (Array(results[0]) + results[1]).map { try $0.text("line") }
            guard force || hindrances.isEmpty else { throw FormatError.inUse(hindrances) }
            let enabled = try await transaction.batch([
                """
                INSERT INTO formats (name) SELECT n FROM unnest(\(names)::text[]) n
                ON CONFLICT DO NOTHING RETURNING name
                """,
                "SELECT pg_notify('martlet_formats', '')",
            ])
            return try enabled[0].map { try $0.text("name") }
        }
    }

    /// Processes of versions that do not register, by what their connections are called (`Database.applicationName`).
    private static let unregistered: SQL = """
        SELECT 'a Martlet of a version before formats, with ' || count(*) || ' connections from '
            || coalesce(host(client_addr), 'this machine') AS line
        FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'martlet' AND backend_type = 'client backend'
        GROUP BY client_addr ORDER BY client_addr
        """
}
