/// Where a look of the gauge begins: a little below where the last one ended, for while a long transaction lives the index
/// has all that was deleted. Unlike `OutboxFloor` it asks nobody who is writing, and may pass an event that is committed
/// late: the count is a little too small until the next full look.
struct GaugeFloor: Sendable {
    struct Look: Sendable, Equatable {
        /// Ids above this one are looked at.
        let floor: Int64
        let startedAt: UInt64
    }

    /// So far below what was seen a look begins: what had its id by then and was not committed is found.
    static let margin: Int64 = 500
    private var floor: Int64 = 0
    private var fullLooks = FullLooks()

    /// - Parameter now: nanoseconds of a clock that never steps.
    mutating func look(now: UInt64) -> Look {
        Look(floor: fullLooks.begin(now: now) ? 0 : floor, startedAt: now)
    }

    /// - Parameters:
    ///   - first: the first event that was found; `nil`: there was none.
    ///   - given: the last id that was given to any.
    mutating func saw(first: Int64?, given: Int64, _ look: Look, now: UInt64) {
        floor = max(0, (first ?? given) - Self.margin)
        if look.floor == 0 { fullLooks.end(startedAt: look.startedAt, now: now) }
    }
}
