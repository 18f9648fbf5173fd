import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// The site has no credential for a kind of service that users have devices of, or webhooks are off: pushes to these are held. Once
    /// for each.
    static let pushesHeld = LogEvent("pushes.held")
    /// What is due could not be read; it is tried again.
    static let pushesNotRead = LogEvent("pushes.not_read")
    /// What has become of pushes could not be written down; it is tried again.
    static let pushesNotWritten = LogEvent("pushes.not_written")
}

extension MetricName {
    static let pushes = MetricName(
        "martlet_push_turns_total", "Turns of deliveries, by provider and what has become of them")
}
