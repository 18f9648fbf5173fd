import Synchronization

/// Counts and tells what a process passes over, because a later version wrote it or because nobody can read it. It is
/// neither an error nor a reason to stop, to try again or to have clients read anew: who needs it reads it elsewhere.
public final class SkippedEvents: Sendable {
    /// Where it was met.
    public enum Place: String, Sendable {
        /// A record of the log.
        case log
        /// A message to a realtime node.
        case node
        /// An entry of a timeline.
        case entry
    }

    private static let malformed = "malformed"

    private let place: Place
    private let known: KnownKinds
    private let pace = Mutex(LogPace())

    /// - Parameter known: kinds that have a label of their own; names from outside never make one.
    public init(_ place: Place, known: KnownKinds = KnownKinds()) {
        self.place = place
        self.known = known
        _ = counter(KnownKinds.other)
    }

    /// A kind that is not known here, or a version of it.
    /// - Parameter at: where, for the log line.
    public func add(_ kind: EventKind, at: @autoclosure () -> String) {
        add(label: known.label(of: kind), kind.description, at: at())
    }

    /// A kind that has no name here.
    /// - Parameter kind: what there is of it: for the log line, never a label.
    public func addNameless(_ kind: String, at: @autoclosure () -> String) {
        add(label: KnownKinds.other, kind, at: at())
    }

    /// What nobody can read.
    public func addMalformed(at: @autoclosure () -> String) {
        add(label: Self.malformed, Self.malformed, at: at())
    }

    private func add(label: String, _ kind: String, at: @autoclosure () -> String) {
        counter(label).add()
        let now = monotonicNanoseconds()
        guard let count = pace.withLock({ $0.came(now: now) }) else { return }
        Log.warning(
            "event.skipped",
            ["where": .text(place.rawValue), "kind": .text(kind), "at": .text(at()), "count": .number(Int64(count))])
    }

    private func counter(_ kind: String) -> Counter {
        Metrics.shared.counter(
            "martlet_events_skipped_total", "where=\"\(place.rawValue)\",kind=\"\(kind)\"",
            help: "Events passed over: of a kind or version that is not known here, or malformed")
    }
}
