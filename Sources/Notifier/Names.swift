import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// The site has no credential for a kind of service that users have devices of: pushes to these are held.
    static let pushesHeld = LogEvent("pushes.held")
    /// What is due could not be read; it is tried again.
    static let pushesNotRead = LogEvent("pushes.not_read")
    /// What has become of pushes could not be written down; it is tried again.
    static let pushesNotWritten = LogEvent("pushes.not_written")
}

extension MetricName {
    static let pushes = MetricName("martlet_pushes_total", "Turns of pushes, by provider and what has become of them")
    static let openCircuits = MetricName("martlet_push_circuits_open", "Credentials, hosts and devices to which nothing is sent for a while")
    static let sending = MetricName("martlet_pushes_in_flight", "Pushes under way")
}
