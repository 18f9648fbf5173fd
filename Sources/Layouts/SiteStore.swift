public import Formats
public import Store

/// The site's record in PostgreSQL, and who works in which layout: they hold a shared advisory lock on its number.
public struct SiteStore: Sendable {
    /// NOTIFY on this channel tells that the record has changed.
    public static let channel: StaticString = "martlet_site"
    /// Versions that don't know of layouts must not run once there is a second one.
    public static let format = Format("layouts", "names of keys in Redis with the number of the layout")
    /// How long a change waits for those who work in the layout of before.
    public static let patienceSeconds = 30
    /// The class of the locks.
    private static let lock: SQL = "7236474"

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    private static let record: SQL = """
        SELECT layout, partitions, topic_prefix, next_partitions, log_partitions, next_log_partitions, array_to_string(former, ',') AS former,
            coalesce(asked_at < now() - make_interval(secs => \(Self.patienceSeconds)), false) AS is_overdue,
            to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' AS since_text
        FROM site
        """

    private static func read(_ rows: PgRows) throws -> SiteRecord? {
        guard let row = rows.first else { return nil }
        return SiteRecord(
            layout: try row.int("layout"), partitions: try row.int("partitions"),
            topicPrefix: try row.optionalText("topic_prefix"),
            logPartitions: try row.optionalInteger("log_partitions").map { Int($0) },
            former: try row.text("former").split(separator: ",").compactMap { Int($0) },
            next: try row.optionalInteger("next_partitions").map { Int($0) },
            nextLog: try row.optionalInteger("next_log_partitions").map { Int($0) },
            isOverdue: try row.bool("is_overdue"),
            since: try row.text("since_text"))
    }

    /// - Returns: `nil` where no process has started yet, or none that records.
    public func read() async throws -> SiteRecord? {
        let isThere = try await database.query("SELECT to_regclass('site') IS NOT NULL AS is_there")[0].bool("is_there")
        return isThere ? try Self.read(try await database.query(Self.record)) : nil
    }

    /// Writes down what is not recorded yet.
    func record(_ given: GivenSettings) async throws {
        guard let partitions = given.partitions?.value else { return }
        let (prefix, log) = (given.topicPrefix?.value, given.logPartitions?.value)
        try await database.batch([
            """
            INSERT INTO site (partitions, topic_prefix, log_partitions) VALUES (\(partitions), \(prefix), \(log))
            ON CONFLICT DO NOTHING
            """,
            "UPDATE site SET topic_prefix = \(prefix) WHERE topic_prefix IS NULL AND \(prefix)::text IS NOT NULL",
            "UPDATE site SET log_partitions = \(log) WHERE log_partitions IS NULL AND \(log)::int IS NOT NULL",
        ])
    }

    // MARK: Who works in a layout

    /// Takes a hold on a layout for this session, unless it has one or somebody is about to end the layout.
    /// - Parameter name: of the process, for who asks.
    /// - Returns: whether it is held, and the record as it is since.
    func hold(_ layout: Int, as name: String) async throws -> (isHeld: Bool, SiteRecord?) {
        // A host that has vanished must not hold it for hours.
        let results = try await database.batch([
            """
            SELECT set_config('application_name', \(name), false), set_config('tcp_keepalives_idle', '10', false),
                set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)
            """,
            "SELECT \(Self.isHeld(layout)) OR pg_try_advisory_lock_shared(\(Self.lock), \(layout)::int) AS is_held",
            Self.record,
        ])
        return (try results[1][0].bool("is_held"), try Self.read(results[2]))
    }

    /// The same without taking it.
    func look(_ layout: Int) async throws -> (isHeld: Bool, SiteRecord?) {
        let results = try await database.batch(["SELECT \(Self.isHeld(layout)) AS is_held", Self.record])
        return (try results[0][0].bool("is_held"), try Self.read(results[1]))
    }

    func letGo() async throws {
        try await database.query("SELECT pg_advisory_unlock_all()")
    }

    private static func isHeld(_ layout: Int) -> SQL {
        "EXISTS (SELECT FROM pg_locks l WHERE l.pid = pg_backend_pid() AND \(holds(layout)))"
    }

    private static func holds(_ layout: Int) -> SQL {
        """
        l.locktype = 'advisory' AND l.classid = \(lock) AND l.objid = (\(layout)::int)::oid AND l.objsubid = 2 AND l.granted
            AND l.mode = 'ShareLock' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
    }

    /// A line for each process that works in the layout.
    public func holders(of layout: Int) async throws -> [String] {
        try await database.query(
            """
            SELECT coalesce(a.application_name, 'a process') || ', from ' || coalesce(host(a.client_addr), 'this machine')
                || ', session ' || l.pid || ' of PostgreSQL' AS line
            FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) WHERE \(Self.holds(layout)) ORDER BY 1
            """
        ).map { try $0.text("line") }
    }

    // MARK: A change

    /// Asks for another number of partitions.
    /// - Parameter log: of the log's topics; `nil`: these stay.
    /// - Returns: false where the record is no more as it was read, or something was asked for already.
    public func ask(for partitions: Int, log: Int? = nil, after record: SiteRecord) async throws -> Bool {
        try await tell(
            """
            UPDATE site SET next_partitions = \(partitions), next_log_partitions = \(log)::int, asked_at = now()
            WHERE layout = \(record.layout) AND next_partitions IS NULL
            """)
    }

    /// Begins the next layout, where nobody works in this one any more. Whoever does it: once.
    /// - Parameter grow: gives the log's topics their partitions, while nobody works. Without it a change that has such a part is left
    ///   to who has.
    public func advance(from record: SiteRecord, grow: (@Sendable () async throws -> Void)? = nil) async throws -> Bool
    {
        guard grow != nil || record.nextLog == nil else { return false }
        return try await database.transaction { transaction in
            let lock = try await transaction.query(
                "SELECT pg_try_advisory_xact_lock(\(Self.lock), \(record.layout)::int) AS is_mine")
            guard try lock[0].bool("is_mine") else { return false }
            if record.nextLog != nil { try await grow?() }
            let results = try await transaction.batch([
                """
                UPDATE site SET layout = layout + 1, partitions = next_partitions, former = former || partitions,
                    log_partitions = COALESCE(next_log_partitions, log_partitions),
                    next_partitions = NULL, next_log_partitions = NULL, asked_at = NULL, since = now()
                WHERE layout = \(record.layout) AND next_partitions IS NOT NULL
                    AND next_log_partitions IS NOT DISTINCT FROM \(record.nextLog)::int
                """, Self.notice,
            ])
            return results[0].affected == 1
        }
    }

    /// Takes a change back that has waited for too long: all go on in the layout that there is.
    public func giveUp(_ record: SiteRecord) async throws -> Bool {
        try await tell(
            """
            UPDATE site SET next_partitions = NULL, next_log_partitions = NULL, asked_at = NULL
            WHERE layout = \(record.layout) AND asked_at < now() - make_interval(secs => \(Self.patienceSeconds))
            """)
    }

    private func tell(_ change: SQL) async throws -> Bool {
        try await database.batch([change, Self.notice])[0].affected == 1
    }

    private static let notice: SQL = "SELECT pg_notify('martlet_site', '')"
}
