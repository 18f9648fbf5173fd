import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A piece of a job failed; it is tried again after a rest.
    static let jobFailed = LogEvent("job.failed")
}
