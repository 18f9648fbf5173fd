import Core

/// One step of the schema. Steps are never changed once released; a new one is added.
public struct Migration: Sendable {
    public let number: Int
    public let name: String
    /// One SQL statement each; all of a step run in one transaction.
    public let statements: [StaticString]

    public init(_ number: Int, _ name: String, _ statements: [StaticString]) {
        self.number = number
        self.name = name
        self.statements = statements
    }
}

public struct MigrationError: Error, CustomStringConvertible {
    public let description: String
}

extension Database {
    /// Brings the schema up to date; returns the numbers of the steps that ran. Safe to call from several processes.
    public func migrate(_ migrations: [Migration]) async throws -> [Int] {
        try await transaction { transaction in
            try await transaction.query("SELECT pg_advisory_xact_lock(7236471)")
            // Whoever waits for a table's lock has all others wait behind it: better to give up and be started again.
            try await transaction.query("SELECT set_config('lock_timeout', '10s', true)")
            try await transaction.query(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
                """)
            let done = Set(
                try await transaction.query("SELECT number FROM schema_migrations").map { Int(try $0.integer(0)) })
            if let unknown = done.subtracting(migrations.map(\.number)).max() {
                throw MigrationError(
                    description: "the database has migration \(unknown), which this version does not know: "
                        + "run the newer version")
            }
            let pending = migrations.filter { !done.contains($0.number) }
            for migration in pending {
                for sql in migration.statements { try await transaction.query(sql) }
                try await transaction.query(
                    "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)",
                    [.integer(Int64(migration.number)), .text(migration.name)])
                Log.info("migrated", ["number": .number(Int64(migration.number)), "name": .text(migration.name)])
            }
            return pending.map(\.number)
        }
    }
}
