package import Core

/// The names of all metrics of the log. Topics and groups are named without the prefix.
package enum LogMetrics {
    package static func produced(topic: String) -> Counter {
        Metrics.shared.counter(.recordsProduced, "topic=\"\(topic)\"")
    }

    static let failedAppends = Metrics.shared.counter(.appendFailures)

    static let producers = Metrics.shared.counter(.producers)

    static func producerQueue(limit: Int) -> Gauge { Metrics.shared.queue("log_producer", limit: limit) }

    package static func consumed(group: String, topic: String) -> Counter {
        Metrics.shared.counter(.recordsConsumed, "group=\"\(group)\",topic=\"\(topic)\"")
    }

    package static func handlerFailures(group: String, topic: String) -> Counter {
        Metrics.shared.counter(.handlerFailures, "group=\"\(group)\",topic=\"\(topic)\"")
    }

    static func lag(group: String, topic: String) -> Gauge {
        Metrics.shared.gauge(.lag, "group=\"\(group)\",topic=\"\(topic)\"")
    }

    static func commitFailures(group: String) -> Counter {
        Metrics.shared.counter(.commitFailures, "group=\"\(group)\"")
    }

    /// Counts and tells it; it comes again.
    package static func turnFailed(_ turn: PartitionTurn, group: String, _ error: any Error) {
        handlerFailures(group: group, topic: turn.topic).add()
        Log.warning(
            .turnFailed,
            [
                "group": .text(group), "topic": .text(turn.topic), "partition": .number(Int64(turn.partition)),
                "error": .text("\(error)"),
            ])
    }
}
