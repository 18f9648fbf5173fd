import Core
public import Sockets

/// Decides, before any work is done, which requests are worked on: for each kind as many as are done in time. Lives on
/// the thread that reads the requests.
public final class Admission {
    public enum Kind: String, CaseIterable, Sendable {
        case read, write, auth

        /// `auth` is what burns time for a password.
        public init(_ request: HTTPRequest) {
            if ["/v1/auth/login", "/v1/auth/signup"].containsExactly(request.path) {
                self = .auth
            } else {
                self = ["GET", "HEAD", "OPTIONS"].contains(request.method) ? .read : .write
            }
        }

        var rule: AdmissionLimit.Rule {
            switch self {
            case .read: .init(targetMilliseconds: 150, least: 16, most: 2000, first: 256, step: 16)
            case .write: .init(targetMilliseconds: 200, least: 16, most: 1000, first: 128, step: 8)
            // A password's hash burns 40 ms on one of two threads.
            case .auth: .init(targetMilliseconds: 800, least: 4, most: 256, first: 32, step: 2)
            }
        }
    }

    private struct Lane {
        var limit: AdmissionLimit
        let inWork: Gauge
        let most: Gauge
        let refused: Counter
    }

    private var lanes: [Kind: Lane] = [:]
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
            lanes[kind] = Lane(
                limit: limit, inWork: Metrics.shared.queue(name, limit: limit.limit),
                most: Metrics.shared.queueLimit(name),
                refused: Metrics.shared.counter(
                    "martlet_http_shed_total", "kind=\"\(kind.rawValue)\",reason=\"in_work\"", help: Self.help))
        }
    }

    /// What concerns sessions and streams makes no work for the fan-out.
    private static func makesEvents(_ path: String) -> Bool {
        !path.hasPrefix("/v1/auth/") && !path.hasPrefix("/v1/live/")
    }

    /// - Returns: `nil` when the request may be worked on, and `finished` must follow; otherwise why not.
    public func refuse(_ kind: Kind, path: String, now: UInt64) -> Problem? {
        if kind == .write, Self.makesEvents(path), !admitsWrites() {
            refusedForBacklog.add()
            return Self.busy("the feeds of followers are behind: try again")
        }
        guard lanes[kind]!.limit.admit(now: now) else {
            lanes[kind]!.refused.add()
            show(kind)
            return Self.busy("too many requests are in work: try again")
        }
        show(kind)
        return nil
    }

    public func finished(_ kind: Kind, came: UInt64, now: UInt64) {
        lanes[kind]!.limit.finished(took: now - came, now: now)
        show(kind)
    }

    private func show(_ kind: Kind) {
        let lane = lanes[kind]!
        lane.inWork.set(lane.limit.inWork)
        lane.most.set(lane.limit.limit)
    }

    /// Those who come back do not come back together.
    private static func busy(_ detail: String) -> Problem {
        Problem(.overloaded, detail, retryAfter: .random(in: 1...3))
    }
}

@available(*, unavailable)
extension Admission: Sendable {}
