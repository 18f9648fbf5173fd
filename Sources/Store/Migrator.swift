import Core

/// One step of the schema. Steps are never changed once released; a new one is added.
public struct Migration: Sendable {
    public let number: Int
    public let name: String
    /// One SQL statement each; all of a step run in one transaction, which holds their locks. So what changes a table that
    /// may be large is a step, and an index of it is another one: nobody but who writes waits while that is built.
    public let statements: [StaticString]

    public init(_ number: Int, _ name: String, _ statements: [StaticString]) {
        self.number = number
        self.name = name
        self.statements = statements
    }
}

extension Migration {
    /// The steps of several owners in one order. The first one has a part of each owner; all others have one owner.
    public static func merged(_ parts: [[Migration]]) -> [Migration] {
        var byNumber: [Int: Migration] = [:]
        for part in parts.joined() {
            if let known = byNumber[part.number] {
                precondition(
                    part.number == 1, "migrations \(known.name) and \(part.name) have the number \(part.number)")
                byNumber[part.number] = Migration(
                    part.number, "\(known.name), \(part.name)", known.statements + part.statements)
            } else {
                byNumber[part.number] = part
            }
        }
        return byNumber.values.sorted { $0.number < $1.number }
    }
}

extension Database {
    /// Brings the schema up to date; returns the numbers of the steps that ran. Safe to call from several processes: each
    /// step is done by one of them, and the others wait. Each step is a transaction of its own, so what was done stays done,
    /// and no lock is held from one to the next. Needs a pool without a limit of time for statements.
    ///
    /// Steps of a later version change nothing for this one: they only add, and come before the code that needs them.
    public func migrate(_ migrations: [Migration]) async throws -> [Int] {
        // Nearly always: one look then, where a transaction for each would take a start of all processes at once seconds.
        guard try await firstMissing(of: migrations) != nil else {
            try await noteNewer(than: migrations)
            return []
        }
        _ = try await patiently("schema_migrations") { transaction in
            try await transaction.query(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
                """)
        }
        var ran: [Int] = []
        let done = try await numbers()
        for migration in migrations where !done.contains(migration.number) {
            guard try await run(migration) else { continue }
            Log.info(.migrationApplied, ["number": .number(Int64(migration.number)), "name": .text(migration.name)])
            ran.append(migration.number)
        }
        try await noteNewer(than: migrations)
        return ran
    }

    /// Waits until another process has brought the schema up to date.
    public func awaitMigrations(_ migrations: [Migration]) async throws {
        var looks = 0
        while let missing = try await firstMissing(of: migrations) {
            if looks % 40 == 0 {
                Log.warning(.migrationWaits, ["name": .text(missing.name), "reason": "another process is to do it"])
            }
            looks += 1
            try await Task.sleep(nanoseconds: 250_000_000)
        }
        try await noteNewer(than: migrations)
    }

    private func firstMissing(of migrations: [Migration]) async throws -> Migration? {
        let isThere = try await query("SELECT to_regclass('schema_migrations') IS NOT NULL AS is_there")[0].bool(
            "is_there")
        guard isThere else { return migrations.first }
        let done = try await numbers()
        return migrations.first { !done.contains($0.number) }
    }

    private func numbers() async throws -> Set<Int> {
        Set(try await query("SELECT number FROM schema_migrations").map { try $0.int("number") })
    }

    private func noteNewer(than migrations: [Migration]) async throws {
        let newest = try await numbers().subtracting(migrations.map(\.number)).max()
        Metrics.shared.gauge(.schemaNewer).set(newest ?? 0)
        if let newest { Log.warning(.migrationNewer, ["number": .number(Int64(newest))]) }
    }

    /// - Returns: false where it was done already.
    private func run(_ migration: Migration) async throws -> Bool {
        try await patiently(migration.name) { transaction in
            let isNew = try await transaction.query(
                """
                INSERT INTO schema_migrations (number, name) VALUES (\(migration.number), \(migration.name))
                ON CONFLICT DO NOTHING
                """)
            guard isNew.affected == 1 else { return false }
            for sql in migration.statements { try await transaction.query(SQL(sql)) }
            return true
        }
    }

    /// One process at a time, each time that it gets the lock; the others wait for a long step. Whoever waits for a table's
    /// lock has all others wait behind it: so it gives up after a while, lets them pass, and tries again.
    private func patiently<T: Sendable>(
        _ name: String, _ body: @Sendable (Transaction) async throws -> T
    ) async throws -> T {
        while true {
            do {
                return try await transaction { transaction in
                    try await transaction.query("SELECT set_config('lock_timeout', '10s', true)")
                    try await transaction.query("SELECT pg_advisory_xact_lock(7236471)")
                    try await transaction.query("SELECT set_config('lock_timeout', '5s', true)")
                    return try await body(transaction)
                }
            } catch let error as PgError where error.sqlState == "55P03" {
                Log.warning(.migrationWaits, ["name": .text(name), "reason": .text(error.message)])
                try await Task.sleep(nanoseconds: 1_000_000_000)
            }
        }
    }
}
