import Core
import Synchronization

/// Decides, before any work is done, which requests are worked on: in each lane as many as are done in time. One for all
/// loops of a process, for they share what is behind.
public final class Admission: Sendable {
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

    private final class Counted: Sendable {
        let limit: Mutex<AdmissionLimit>
        let inWork: Gauge
        let most: Gauge
        let refused: Counter

        init(_ kind: Kind) {
            let (name, limit) = ("requests_\(kind.rawValue)", AdmissionLimit(kind.rule))
            self.limit = Mutex(limit)
            inWork = Metrics.shared.queue(name, limit: limit.limit)
            most = Metrics.shared.queueLimit(name)
            refused = Metrics.shared.counter(.shed, "kind=\"\(kind.rawValue)\",reason=\"in_work\"")
        }

        func change<T>(_ body: (inout AdmissionLimit) -> T) -> T {
            limit.withLock { limit in
                defer {
                    inWork.set(limit.inWork)
                    most.set(limit.limit)
                }
                return body(&limit)
            }
        }
    }

    private let counted: [Kind: Counted]
    private let admitsWrites: @Sendable () -> Bool
    private let refusedForBacklog: Counter

    /// - Parameter admitsWrites: false while the fan-out is behind.
    public init(admitsWrites: @escaping @Sendable () -> Bool) {
        self.admitsWrites = admitsWrites
        refusedForBacklog = Metrics.shared.counter(.shed, "kind=\"write\",reason=\"backlog\"")
        counted = Dictionary(uniqueKeysWithValues: Kind.allCases.map { ($0, Counted($0)) })
    }

    /// - Returns: `nil` when the request may be worked on, and `finished` must follow; otherwise why not.
    func refuse(_ lane: Lane, now: UInt64) -> Problem? {
        guard let kind = lane.kind else { return nil }
        if lane == .write(makesEvents: true), !admitsWrites() {
            refusedForBacklog.add()
            return Self.busy("the feeds of followers are behind: try again")
        }
        guard counted[kind]!.change({ $0.admit(now: now) }) else {
            counted[kind]!.refused.add()
            return Self.busy("too many requests are in work: try again")
        }
        return nil
    }

    func finished(_ lane: Lane, came: UInt64, now: UInt64) {
        guard let kind = lane.kind else { return }
        // Another thread's clock may have been read later.
        counted[kind]!.change { $0.finished(took: now - min(came, now), now: now) }
    }

    /// Those who come back do not come back together.
    private static func busy(_ detail: String) -> Problem {
        Problem(.overloaded, detail, retryAfter: .random(in: 1...3))
    }
}

extension Lane {
    fileprivate var kind: Admission.Kind? {
        switch self {
        case .free, .outside: nil
        case .read: .read
        case .write: .write
        case .auth: .auth
        }
    }
}
