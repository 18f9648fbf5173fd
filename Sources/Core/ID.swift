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
