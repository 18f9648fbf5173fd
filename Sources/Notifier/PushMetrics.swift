import Core
import Synchronization

/// How pushes end, by provider and outcome.
final class PushMetrics: Sendable {
    private let held = Mutex<Set<String>>([])
    private let counters = Mutex<[String: Counter]>([:])

    /// Pushes that are decided, sent or written down.
    let inHand: Gauge

    /// - Parameter most: of these.
    init(most: Int) { inHand = Metrics.shared.queue("pushes", limit: most) }

    func wrote(_ some: [PushEnd]) {
        for end in some {
            if end.outcome == PushEnd.withoutCredential, held.withLock({ $0.insert(end.provider).inserted }) {
                Log.warning(.pushesHeld, ["provider": .text(end.provider)])
            }
            let label = "provider=\"\(end.provider)\",outcome=\"\(end.outcome)\""
            let counter = counters.withLock { counters in
                let counter = counters[label] ?? Metrics.shared.counter(.pushes, label)
                counters[label] = counter
                return counter
            }
            counter.add()
        }
    }
}
