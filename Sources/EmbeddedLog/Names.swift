import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A partition of the embedded log could not be read; it is tried again.
    static let partitionNotRead = LogEvent("log.not_read")
    /// Records past their retention were not removed; it is tried again in a minute.
    static let recordsNotRemoved = LogEvent("log.records_not_removed")
}
