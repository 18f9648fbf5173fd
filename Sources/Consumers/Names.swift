import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// Whether there are parked records from elsewhere could not be seen; it is looked for again.
    static let parkedNotWatched = LogEvent("parked.not_watched")
    /// Records are dead letters now: `martlet dlq`.
    static let recordsDead = LogEvent("records.dead")
    /// Records have failed, or wait behind one that has; they come again.
    static let recordsParked = LogEvent("records.parked")
}

extension MetricName {
    static let deaths = MetricName(
        "martlet_dead_letters_total", "Records that became dead letters, by the group's reason")
    static let parkings = MetricName("martlet_parkings_total", "Times that a record was put aside to come again later")
}
