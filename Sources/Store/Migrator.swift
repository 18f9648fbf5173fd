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
    /// Brings the schema up to date; returns the numbers of the steps that ran. Safe to call from several processes. Each
    /// step is a transaction of its own, so what was done stays done, and no lock is held from one to the next.
    ///
    /// Steps of a later version change nothing for this one: they only add, and come before the code that needs them.
    public func migrate(_ migrations: [Migration]) async throws -> [Int] {
        let known = Set(migrations.map(\.number))
        try await transaction { transaction in
            try await Self.lock(transaction)
            try await transaction.query(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
                """)
            let done = try await transaction.query("SELECT number FROM schema_migrations")
            if let newest = try done.map({ try $0.integer("number") }).filter({ !known.contains(Int($0)) }).max() {
                Log.info(.migrationNewer, ["number": .number(newest)])
            }
        }
        var ran: [Int] = []
        for migration in migrations where try await run(migration) {
            Log.info(.migrationApplied, ["number": .number(Int64(migration.number)), "name": .text(migration.name)])
            ran.append(migration.number)
        }
        return ran
    }

    /// - Returns: false where it was done already.
    private func run(_ migration: Migration) async throws -> Bool {
        try await transaction { transaction in
            try await Self.lock(transaction)
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

    /// One process at a time; the others wait for a long step. Whoever waits for a table's lock has all others wait behind
    /// it: better to give up and be started again.
    private static func lock(_ transaction: Transaction) async throws {
        try await transaction.query("SELECT set_config('lock_timeout', '10min', true)")
        try await transaction.query("SELECT pg_advisory_xact_lock(7236471)")
        try await transaction.query("SELECT set_config('lock_timeout', '10s', true)")
    }
}
