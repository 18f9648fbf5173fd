/// No id can be made: this process has no node number, or is not sure of it any more. It passes.
public struct IDsUnavailable: Error, CustomStringConvertible {
    public init() {}

    public var description: String { "this process is not sure of a node number, and makes no ids for the moment" }
}

/// The ids of one process in their order, without a clock and without a lock.
///
/// It counts in ticks: milliseconds since 2026 and six bits of sequence as one number, so a full millisecond borrows
/// from the next. Ids grow strictly, also when the clock steps back and when the node number changes.
public struct IDSequence: Sendable {
    private var node: Int64?
    /// The tick of the latest id, or one below the first that may be made.
    private var last: Int64 = 0
    /// The last tick that may be used.
    private var limit: Int64

    /// Makes no ids before a number is granted.
    public init() {
        limit = -1
    }

    /// - Parameter node: 0 to 63; nobody else has it, for as long as this value lives.
    public init(node: Int) {
        precondition((0..<64).contains(node), "a node number is 0 to 63")
        self.node = Int64(node)
        limit = .max
    }

    /// - Parameter now: milliseconds since 1970.
    public mutating func next(now: Int64) throws(IDsUnavailable) -> ID {
        let tick = max(last + 1, Self.tick(now))
        guard let node, tick <= limit else { throw IDsUnavailable() }
        last = tick
        return ID(raw: ((tick >> 6) << 12) | (node << 6) | (tick & 63))
    }

    /// From now on ids have this number, and times of their own in `above + 1 ... until`, in milliseconds since 1970.
    public mutating func grant(node: Int, above: Int64, until: Int64) {
        precondition((0..<64).contains(node), "a node number is 0 to 63")
        self.node = Int64(node)
        // From a millisecond of its own: within one, the number counts more than the sequence.
        last = max(last, Self.tick(above)) | 63
        limit = Self.tick(until) | 63
    }

    /// The number may be used for longer. A time below the one before changes nothing.
    public mutating func extend(until: Int64) {
        guard node != nil else { return }
        limit = max(limit, Self.tick(until) | 63)
    }

    /// There is no number any more.
    public mutating func revoke() {
        node = nil
        limit = -1
    }

    /// No id has been made whose own time is above this, in milliseconds since 1970.
    public var lastMilliseconds: Int64 { (last >> 6) + ID.originMilliseconds }

    private static func tick(_ milliseconds: Int64) -> Int64 { max(0, milliseconds - ID.originMilliseconds) << 6 }
}
