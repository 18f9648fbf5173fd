import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// The relay could not move events to the log; it tries again.
    static let outboxNotMoved = LogEvent("outbox.not_moved")
}

extension MetricName {
    static let relayed = MetricName("martlet_relay_events_total", "Events moved from the outbox")
    static let relayFailures = MetricName("martlet_relay_failures_total", "Moves that failed")
}
