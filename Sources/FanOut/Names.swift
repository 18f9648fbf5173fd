import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A step of the upkeep failed; it is tried again in the next round.
    static let upkeepFailed = LogEvent("upkeep.failed")
}
