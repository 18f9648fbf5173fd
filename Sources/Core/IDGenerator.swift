import Synchronization

/// Makes ids that grow strictly, also when the clock steps back. One for each process.
public final class IDGenerator: Sendable {
    private let clock: any WallClock
    private let sequence: Mutex<IDSequence>

    /// - Parameter node: 0 to 63, different for each process that makes ids.
    public init(node: Int, clock: any WallClock) {
        self.clock = clock
        sequence = Mutex(IDSequence(node: node))
    }

    /// Makes no ids before it is granted a number.
    public init(clock: any WallClock) {
        self.clock = clock
        sequence = Mutex(IDSequence())
    }

    public func next() throws(IDsUnavailable) -> ID {
        let now = clock.milliseconds()
        return try sequence.withLock { sequence throws(IDsUnavailable) in try sequence.next(now: now) }
    }

    // MARK: Who leases its number

    /// Ids with this number, and with times of their own in `above + 1 ... until`, in milliseconds since 1970.
    public func grant(node: Int, above: Int64, until: Int64) {
        sequence.withLock { $0.grant(node: node, above: above, until: until) }
    }

    public func extend(until: Int64) {
        sequence.withLock { $0.extend(until: until) }
    }

    /// No more ids before the next grant.
    /// - Returns: no id has been made whose own time is above this, in milliseconds since 1970.
    @discardableResult
    public func revoke() -> Int64 {
        sequence.withLock { sequence in
            sequence.revoke()
            return sequence.lastMilliseconds
        }
    }

    /// No id has been made whose own time is above this, in milliseconds since 1970.
    public var lastMilliseconds: Int64 { sequence.withLock { $0.lastMilliseconds } }
}
