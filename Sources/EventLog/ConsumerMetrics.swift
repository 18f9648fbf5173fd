import Core

/// The metrics of one subscription, at zero from the start. Lives on its consumer's thread.
final class ConsumerMetrics {
    let commitFailures: Counter
    private var consumed: [String: Counter] = [:]
    private var failures: [String: Counter] = [:]
    private var lags: [String: Gauge] = [:]

    init(_ subscription: SubscriptionOptions) {
        let group = subscription.group
        commitFailures = LogMetrics.commitFailures(group: group)
        for topic in subscription.topics {
            consumed[topic] = LogMetrics.consumed(group: group, topic: topic)
            failures[topic] = LogMetrics.handlerFailures(group: group, topic: topic)
            lags[topic] = LogMetrics.lag(group: group, topic: topic)
        }
    }

    func ended(_ topic: String, records: Int, hasFailed: Bool) {
        consumed[topic]?.add(records)
        if hasFailed { failures[topic]?.add() }
    }

    /// Each member in this process adds what is its own.
    func addLag(_ topic: String, _ difference: Int) {
        if difference != 0 { lags[topic]?.add(difference) }
    }
}
