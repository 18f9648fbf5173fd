import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension MetricName {
    static let passwordWork = MetricName(
        "martlet_password_work_total", "Work for passwords, in hashes of cost 1; each cost is twice the one before")
}
