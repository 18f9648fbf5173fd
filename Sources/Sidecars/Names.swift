import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// root runs Martlet as this system account, which is made.
    static let accountMade = LogEvent("account.made")
    /// The account can't get to the data folder: its servers' data is in another one, behind a link.
    static let dataMoved = LogEvent("data.moved")
    /// A folder of an earlier version's account now belongs to the one that runs the servers.
    static let dataOwnerChanged = LogEvent("data.owner_changed")
    /// A server that another version started in the data folder is ended.
    static let formerServerEnded = LogEvent("former_server.ended")
    /// The private PostgreSQL takes no connections yet, as during a recovery.
    static let postgresAwaited = LogEvent("postgres.awaited")
    /// In an earlier version's cluster the superuser and the role `martlet` become two.
    static let postgresDivided = LogEvent("postgres.divided")
    /// The private PostgreSQL gets its cluster.
    static let postgresInitialized = LogEvent("postgres.initialized")
    /// The private PostgreSQL has died and is started again.
    static let postgresRestarted = LogEvent("postgres.restarted")
    /// The private PostgreSQL does not end, whatever it is told; it is left running.
    static let postgresStuck = LogEvent("postgres.stuck")
    /// A private server that has died could not be started again; it is tried again.
    static let serverNotRestarted = LogEvent("private_server.not_restarted")
    /// The private Redis has died; an empty one is started, and timelines are built anew.
    static let redisRestarted = LogEvent("redis.restarted")
    /// The private Redis does not end, whatever it is told; it is left running.
    static let redisStuck = LogEvent("redis.stuck")
}
