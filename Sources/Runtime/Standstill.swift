/// Has the process stood still? Who was stopped, or got no CPU, has not read what others sent in time: it reads first, and holds
/// them to their times afterwards.
public struct Standstill {
    private let longest: UInt64
    private let grace: UInt64
    private var seen: UInt64?
    private var end: UInt64 = 0

    /// - Parameters:
    ///   - longest: between two questions, in any unit; more is a standstill.
    ///   - grace: how long to read after one, in the same unit.
    public init(longest: UInt64, grace: UInt64) {
        (self.longest, self.grace) = (longest, grace)
    }

    /// To be asked again and again.
    /// - Parameter now: never steps back.
    /// - Returns: whether it is too early to hold anybody to a time.
    public mutating func isRecent(now: UInt64) -> Bool {
        defer { seen = now }
        if let seen, now - seen > longest { end = now + grace }
        return now < end
    }
}
