import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A step of the schema was done.
    static let migrationApplied = LogEvent("migration.applied")
    /// A later version has migrated the database; this one goes on.
    static let migrationNewer = LogEvent("migration.newer")
    /// A step of the schema waits: for another process that migrates, for a table that is in use, or, where
    /// `MARTLET_MIGRATIONS` is `wait`, for `martlet migrate`.
    static let migrationWaits = LogEvent("migration.waits")
    /// A connection to PostgreSQL can't be made; it is tried again. Only the first failure and every twentieth is told.
    static let postgresNotConnected = LogEvent("postgres.not_connected")
}

extension MetricName {
    static let connections = MetricName("martlet_pg_connections", "Open PostgreSQL connections")
    static let schemaNewer = MetricName(
        "martlet_schema_newer", "The newest migration in the database that this version does not know; 0 for none")
}
