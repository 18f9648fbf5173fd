import Core

/// The names of all metrics of the log. Topics and groups are named without the prefix.
enum LogMetrics {
    static func produced(topic: String) -> Counter {
        Metrics.shared.counter(
            "martlet_log_records_produced_total", "topic=\"\(topic)\"", help: "Records stored by the event log")
    }

    static let failedAppends = Metrics.shared.counter(
        "martlet_log_append_failures_total", help: "Appends to the event log that ended with an error")

    static let producers = Metrics.shared.counter(
        "martlet_log_producers_total", help: "Producers made: one at the start, one after each that had to be given up")

    static func producerQueue(limit: Int) -> Gauge { Metrics.shared.queue("log_producer", limit: limit) }

    static func consumed(group: String, topic: String) -> Counter {
        Metrics.shared.counter(
            "martlet_log_records_consumed_total", "group=\"\(group)\",topic=\"\(topic)\"",
            help: "Records whose handler has returned")
    }

    static func handlerFailures(group: String, topic: String) -> Counter {
        Metrics.shared.counter(
            "martlet_log_handler_failures_total", "group=\"\(group)\",topic=\"\(topic)\"",
            help: "Batches whose handler has thrown; each comes again")
    }

    static func lag(group: String, topic: String) -> Gauge {
        Metrics.shared.gauge(
            "martlet_log_lag_records", "group=\"\(group)\",topic=\"\(topic)\"",
            help: "Records not yet handled, in the partitions that this process reads")
    }

    static func commitFailures(group: String) -> Counter {
        Metrics.shared.counter(
            "martlet_log_commit_failures_total", "group=\"\(group)\"",
            help: "Positions of a group that could not be stored; they are stored again")
    }
}
