import Synchronization

/// How far the fan-out is behind, as the side that writes sees it: events in the outbox. Beyond half of its limit a
/// growing part of the writes is refused, beyond the limit all are. Set by one task, asked on one loop.
public final class Backlog: Sendable {
    public let limit: Int
    private let length = Atomic<Int>(0)
    /// Parts of a refusal, in thousandths.
    private let owed = Atomic<Int>(0)

    public init(limit: Int) {
        self.limit = limit
    }

    public func set(_ length: Int) {
        self.length.store(length, ordering: .relaxed)
    }

    /// Evenly spread, without chance: with a fourth to refuse it is every fourth call.
    public func admits() -> Bool {
        let part = Self.refused(length: length.load(ordering: .relaxed), limit: limit)
        guard part > 0 else { return true }
        let total = owed.add(part, ordering: .relaxed).newValue
        guard total >= 1000 else { return true }
        owed.subtract(1000, ordering: .relaxed)
        return false
    }

    /// In thousandths.
    static func refused(length: Int, limit: Int) -> Int {
        min(1000, max(0, (2 * length - limit) * 1000 / limit))
    }
}
