import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A push notification would go out here.
    static let notificationRequested = LogEvent("notification.requested")
}

extension MetricName {
    static let requested = MetricName("martlet_notifications_requested_total", "Requests consumed")
}
