import Synchronization

/// An id of a user, post or follow: 41 bits of milliseconds since 2026-01-01 (UTC), 6 bits of node, 6 of sequence.
/// It sorts by time and stays below 2^53, so it is exact as a double: in JavaScript, in JSON, as a Redis score.
/// JSON carries it as a string of decimal digits.
public struct ID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 2026-01-01T00:00:00Z in milliseconds since 1970.
    public static let originMilliseconds: Int64 = 1_767_225_600_000
    public static let max = ID(raw: (1 << 53) - 1)
    public static let zero = ID(raw: 0)

    public let raw: Int64

    @inlinable
    public init(raw: Int64) {
        self.raw = raw
    }

    /// The first id of a millisecond, given in milliseconds since 1970.
    public init(firstOf milliseconds: Int64) {
        raw = Swift.max(0, milliseconds - Self.originMilliseconds) << 12
    }

    /// Reads decimal digits without sign, space or leading zero; `nil` for anything else and from 2^53 on.
    public init?(_ text: some StringProtocol) {
        guard let value = Int64(text), value >= 0, value <= Self.max.raw, String(value) == text else { return nil }
        raw = value
    }

    /// When it was made, in milliseconds since 1970.
    public var milliseconds: Int64 { (raw >> 12) + Self.originMilliseconds }

    public var description: String { String(raw) }

    @inlinable
    public static func < (a: ID, b: ID) -> Bool { a.raw < b.raw }
}

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
