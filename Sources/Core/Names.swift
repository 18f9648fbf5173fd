// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// Events were passed over: their kind or version is not known here, or they can't be read. A line may tell of many:
    /// see its `count`.
    static let eventSkipped = LogEvent("event.skipped")
    /// Nobody took the log lines for a while, and these are missing here.
    static let linesDropped = LogEvent("log.lines_dropped")
}

extension MetricName {
    static let eventsSkipped = MetricName(
        "martlet_events_skipped_total", "Events passed over: of a kind or version that is not known here, or malformed")
    static let linesDropped = MetricName(
        "martlet_log_lines_dropped_total", "Log lines that were dropped because nobody took them")
    static let queueLength = MetricName("martlet_queue_length", "What a queue or table holds")
    static let queueLimit = MetricName("martlet_queue_limit", "What a queue or table may hold")
}
