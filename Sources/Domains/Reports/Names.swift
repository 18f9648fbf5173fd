import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension MetricName {
    static let reports = MetricName("martlet_reports_total", "New reports to the moderators, by reason")
}
