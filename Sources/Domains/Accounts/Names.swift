import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// PostgreSQL was not asked which sessions have ended; it is asked again in five seconds.
    static let endedSessionsNotLoaded = LogEvent("ended_sessions.not_loaded")
    /// A hash of a former cost stays until the next log-in.
    static let passwordHashNotRenewed = LogEvent("password_hash.not_renewed")
    /// PostgreSQL was not asked who is suspended; it is asked again in five seconds.
    static let suspensionsNotLoaded = LogEvent("suspensions.not_loaded")
}
