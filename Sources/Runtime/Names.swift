import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// What was freed went back to the system.
    static let memoryReturned = LogEvent("memory.returned")
}
