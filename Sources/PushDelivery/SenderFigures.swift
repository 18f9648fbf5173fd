import Core
import Push

/// A sender's metrics.
struct SenderFigures {
    private let waiting: Gauge
    private let inFlight: Gauge
    private let open = Metrics.shared.gauge(.openCircuits)

    init(_ options: PushSenderOptions) {
        waiting = Metrics.shared.queue("push_waiting", limit: options.waiting)
        inFlight = Metrics.shared.queue("push_in_flight", limit: options.inFlight)
    }

    func show(waiting: Int, inFlight: Int, open: Int) {
        self.waiting.set(waiting)
        self.inFlight.set(inFlight)
        self.open.set(open)
    }

    func count(_ provider: PushProvider, _ outcome: PushOutcome, nanoseconds: UInt64) {
        Metrics.shared.counter(.attempts, "provider=\"\(provider.rawValue)\",outcome=\"\(outcome.name)\"").add()
        Metrics.shared.histogram(.attemptTime, "provider=\"\(provider.rawValue)\"").observe(nanoseconds: nanoseconds)
    }
}
