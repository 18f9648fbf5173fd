import Core
import Push

/// A sender's metrics.
struct SenderFigures {
    private let waiting: Gauge
    private let inFlight: Gauge
    /// By provider, and by the scope of the circuits.
    private let open: [PushProvider: [Gauge]]
    private let limits: [PushProvider: Gauge]
    private let inWork: [PushProvider: Gauge]
    private static let scopes = ["credential", "host", "device"]

    init(_ options: PushSenderOptions) {
        waiting = Metrics.shared.queue("push_waiting", limit: options.waiting)
        inFlight = Metrics.shared.queue("push_in_flight", limit: options.inFlight)
        let all = PushProvider.allCases
        open = Dictionary(
            uniqueKeysWithValues: all.map { provider in
                (
                    provider,
                    Self.scopes.map {
                        Metrics.shared.gauge(.openCircuits, "provider=\"\(provider.rawValue)\",scope=\"\($0)\"")
                    }
                )
            })
        limits = Dictionary(
            uniqueKeysWithValues: all.map { ($0, Metrics.shared.gauge(.limit, "provider=\"\($0.rawValue)\"")) })
        inWork = Dictionary(
            uniqueKeysWithValues: all.map { ($0, Metrics.shared.gauge(.inWork, "provider=\"\($0.rawValue)\"")) })
    }

    func show(waiting: Int, inFlight: Int) {
        self.waiting.set(waiting)
        self.inFlight.set(inFlight)
    }

    /// - Parameters:
    ///   - circuits: those that are open.
    ///   - credentials: what is allowed of each at a time.
    func show(circuits: some Sequence<CircuitKey>, credentials: [(key: CircuitKey, limit: AdmissionLimit)]) {
        var counts: [PushProvider: [Int]] = [:]
        for key in circuits { counts[key.provider, default: [0, 0, 0]][key.scope] += 1 }
        for (provider, gauges) in open {
            for (index, gauge) in gauges.enumerated() { gauge.set(counts[provider]?[index] ?? 0) }
        }
        for (provider, gauge) in limits {
            let own = credentials.filter { $0.key.provider == provider }
            gauge.set(own.reduce(0) { $0 + $1.limit.limit })
            inWork[provider]?.set(own.reduce(0) { $0 + $1.limit.inWork })
        }
    }

    func count(_ provider: PushProvider, _ outcome: PushOutcome, nanoseconds: UInt64) {
        Metrics.shared.counter(.attempts, "provider=\"\(provider.rawValue)\",outcome=\"\(outcome.name)\"").add()
        Metrics.shared.histogram(.attemptTime, "provider=\"\(provider.rawValue)\"").observe(nanoseconds: nanoseconds)
    }
}

extension CircuitKey {
    fileprivate var provider: PushProvider {
        switch self {
        case .credential(let provider, _), .host(let provider, _, _), .device(let provider, _): provider
        }
    }

    /// As in `SenderFigures.scopes`.
    fileprivate var scope: Int {
        switch self {
        case .credential: 0
        case .host: 1
        case .device: 2
        }
    }
}
