import Core

/// Decides, before any work is done, which requests are worked on: in each lane as many as are done in time. Lives on the
/// thread that reads the requests.
public final class Admission {
    /// What counts together.
    enum Kind: String, CaseIterable {
        case read, write, auth

        var rule: AdmissionLimit.Rule {
            switch self {
            case .read: .init(targetMilliseconds: 150, least: 16, most: 2000, first: 256, step: 16)
            case .write: .init(targetMilliseconds: 200, least: 16, most: 1000, first: 128, step: 8)
            // A password's hash burns 40 ms on one of two threads.
            case .auth: .init(targetMilliseconds: 800, least: 4, most: 256, first: 32, step: 2)
            }
        }
    }

    private struct Counted {
        var limit: AdmissionLimit
        let inWork: Gauge
        let most: Gauge
        let refused: Counter
    }

    private var counted: [Kind: Counted] = [:]
    private let admitsWrites: () -> Bool
    private let refusedForBacklog: Counter
    private static let help = "Requests refused with 503, before any work was done"

    /// - Parameter admitsWrites: false while the fan-out is behind.
    public init(admitsWrites: @escaping () -> Bool) {
        self.admitsWrites = admitsWrites
        refusedForBacklog = Metrics.shared.counter(
            "martlet_http_shed_total", "kind=\"write\",reason=\"backlog\"", help: Self.help)
        for kind in Kind.allCases {
            let name = "requests_\(kind.rawValue)"
            let limit = AdmissionLimit(kind.rule)
            counted[kind] = Counted(
                limit: limit, inWork: Metrics.shared.queue(name, limit: limit.limit),
                most: Metrics.shared.queueLimit(name),
                refused: Metrics.shared.counter(
                    "martlet_http_shed_total", "kind=\"\(kind.rawValue)\",reason=\"in_work\"", help: Self.help))
        }
    }

    /// - Returns: `nil` when the request may be worked on, and `finished` must follow; otherwise why not.
    func refuse(_ lane: Lane, now: UInt64) -> Problem? {
        guard let kind = lane.kind else { return nil }
        if lane == .write(makesEvents: true), !admitsWrites() {
            refusedForBacklog.add()
            return Self.busy("the feeds of followers are behind: try again")
        }
        let isAdmitted = counted[kind]!.limit.admit(now: now)
        show(kind)
        guard isAdmitted else {
            counted[kind]!.refused.add()
            return Self.busy("too many requests are in work: try again")
        }
        return nil
    }

    func finished(_ lane: Lane, came: UInt64, now: UInt64) {
        guard let kind = lane.kind else { return }
        counted[kind]!.limit.finished(took: now - came, now: now)
        show(kind)
    }

    private func show(_ kind: Kind) {
        let lane = counted[kind]!
        lane.inWork.set(lane.limit.inWork)
        lane.most.set(lane.limit.limit)
    }

    /// Those who come back do not come back together.
    private static func busy(_ detail: String) -> Problem {
        Problem(.overloaded, detail, retryAfter: .random(in: 1...3))
    }
}

extension Lane {
    fileprivate var kind: Admission.Kind? {
        switch self {
        case .free: nil
        case .read: .read
        case .write: .write
        case .auth: .auth
        }
    }
}

@available(*, unavailable)
extension Admission: Sendable {}
