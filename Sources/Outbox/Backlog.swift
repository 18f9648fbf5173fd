import Synchronization

/// How far the fan-out is behind, as the side that writes sees it: how many events wait in the outbox (a little too many
/// where inserts were rolled back, see `OutboxGauge`), and since when.
/// Beyond half of a limit a growing part of the writes is refused, beyond the limit all are. Set by one task, asked on one
/// loop.
///
/// Where nothing moves at all, the fan-out or its log is away, not behind: the outbox is there to bridge that, and takes
/// much more. When they are back, what has waited is no overload: only what comes on top of it counts, and only when it
/// has counted for a while.
public final class Backlog: Sendable {
    /// A handful of old events is one busy moment, not a backlog.
    static let handful = 25
    /// Events that an outbox takes that nobody empties: an hour of 28 posts a second, some 100 MB.
    public static let stalledLimit = 100_000
    /// Milliseconds for which it may be behind, and for which its first event may stay the same before it counts as
    /// away: the relay itself pauses while its readers are behind.
    public static let grace: UInt64 = 3000

    public let limit: Int
    private let patience: Int
    /// In thousandths.
    private let refused = Atomic<Int>(0)
    private let owed = Atomic<Int>(0)
    private let state = Mutex(State())
    private let movement = Mutex(Movement())

    private struct State {
        /// Since when it has been behind, in milliseconds; `nil`: it is not.
        var behindSince: UInt64?
        /// What is left of the events that waited while nothing moved. What is found at the start has waited.
        var old = Backlog.stalledLimit
    }

    /// Has the first event been another one lately?
    private struct Movement {
        private var first: Int64 = 0
        private var movedAt: UInt64?

        mutating func note(_ waiting: OutboxGauge.Reading, now: UInt64) -> Bool {
            let since = waiting.first == first && waiting.count > 0 ? movedAt ?? now : now
            (first, movedAt) = (waiting.first, since)
            return now - since < Backlog.grace
        }
    }

    /// - Parameters:
    ///   - limit: events.
    ///   - patience: milliseconds that the first event may have waited.
    public init(limit: Int, patience: Int) {
        self.limit = limit
        self.patience = patience
    }

    /// More than this is as much as this.
    public var mostCounted: Int { state.withLock { $0.old > 0 ? Self.stalledLimit : limit } }

    /// - Parameter now: milliseconds of a clock that never steps.
    public func set(_ waiting: OutboxGauge.Reading, now: UInt64) {
        let isMoving = movement.withLock { $0.note(waiting, now: now) }
        set(count: waiting.count, age: waiting.age, isMoving: isMoving, now: now)
    }

    /// - Parameters:
    ///   - age: milliseconds that the first event has waited.
    ///   - isMoving: has the first event been another one lately?
    ///   - now: milliseconds of a clock that never steps.
    func set(count: Int, age: Int, isMoving: Bool = true, now: UInt64) {
        let part = state.withLock { state in
            guard isMoving else {
                state = State(behindSince: nil, old: count)
                return Self.part(count, of: Self.stalledLimit)
            }
            state.old = count < limit ? 0 : min(state.old, count)
            let byAge = count > Self.handful && state.old == 0 ? Self.part(age, of: patience) : 0
            let part = max(Self.part(count - state.old, of: limit), byAge)
            state.behindSince = part > 0 ? state.behindSince ?? now : nil
            return now - (state.behindSince ?? now) >= Self.grace ? part : 0
        }
        refused.store(part, ordering: .relaxed)
    }

    /// Evenly spread, without chance: with a fourth to refuse it is every fourth call.
    public func admits() -> Bool {
        let part = refused.load(ordering: .relaxed)
        guard part > 0 else { return true }
        guard owed.add(part, ordering: .relaxed).newValue >= 1000 else { return true }
        owed.subtract(1000, ordering: .relaxed)
        return false
    }

    /// In thousandths.
    static func part(_ value: Int, of limit: Int) -> Int {
        min(1000, max(0, (2 * value - limit) * 1000 / limit))
    }
}
