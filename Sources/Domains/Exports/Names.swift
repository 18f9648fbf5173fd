import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// An archive is there to be fetched.
    static let exportReady = LogEvent("export.ready")
    /// An export was given up: it is too large, or was tried too often. `job.failed` before it says why.
    static let exportFailed = LogEvent("export.failed")
}

extension MetricName {
    static let overdue = MetricName(
        "martlet_exports_overdue", "Exports that were asked for more than an hour ago and are not ready")
}
