import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension MetricName {
    static let age = MetricName(
        "martlet_dead_letters_age", "Since when the oldest dead letter of a group waits for somebody")
    static let parked = MetricName("martlet_parked_records", "Records of a group that come again later")
    static let waiting = MetricName(
        "martlet_dead_letters", "Dead letters of a group that nobody has redriven or purged")
}
