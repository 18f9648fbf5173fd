/// Up to which id the outbox is known to be empty for good, so that a look starts above it. While a long transaction
/// lives anywhere in the cluster, PostgreSQL keeps the deleted rows, and each look would walk past all of them.
///
/// Ids are given before they are committed. So the floor follows what was read only when all transactions that were
/// writing events at the time have ended: then what is below is either seen or never comes.
struct OutboxFloor: Sendable {
    struct Look: Sendable {
        let floor: Int64
        let asksForWriters: Bool
        let startedAt: UInt64
    }

    private static let pace: UInt64 = 100_000_000
    private var floor: Int64 = 0
    private var highest: Int64 = 0
    /// The floor that is meant next, and who was writing when it was seen.
    private var candidate: (id: Int64, writers: Set<String>)?
    private var asksAt: UInt64 = 0
    private var fullLooks = FullLooks()

    /// - Parameter now: nanoseconds of a clock that never steps.
    /// - Returns: where the look starts: above the floor; now and then at the very start.
    mutating func look(now: UInt64) -> Look {
        let isFull = fullLooks.begin(now: now)
        let asks = now >= asksAt && (candidate != nil || highest > floor)
        if asks { asksAt = now + Self.pace }
        return Look(floor: isFull ? 0 : floor, asksForWriters: asks, startedAt: now)
    }

    /// - Parameters:
    ///   - ids: what the look found, ascending. They are read again until they are deleted.
    ///   - writers: who was writing events right before the look; `nil`: it did not ask.
    mutating func saw(_ ids: [Int64], writers: Set<String>?, _ look: Look, now: UInt64) {
        if look.floor == 0 {
            // The sequence was set back, as by a restore: nothing that was learned holds.
            if let first = ids.first, first <= floor { self = OutboxFloor() }
            fullLooks.end(startedAt: look.startedAt, now: now)
        }
        if let writers {
            if let (id, before) = candidate {
                if writers.isDisjoint(with: before) {
                    floor = max(floor, min(id, ids.first.map { $0 - 1 } ?? id))
                    candidate = nil
                }
            }
            // What was seen by an earlier look: its ids were given before these writers were asked for.
            if candidate == nil, highest > floor { candidate = (highest, writers) }
        }
        highest = max(highest, ids.last ?? 0)
    }
}
