/// When something that may come a thousand times a second is told in the log: once a second, with how many there were.
struct LogPace {
    private static let pause: UInt64 = 1_000_000_000
    private var nextAt: UInt64 = 0
    private var untold = 0

    init() {}

    /// - Parameter now: nanoseconds of a clock that never steps.
    /// - Returns: how many have come since the last line, this one included; `nil`: no line now.
    mutating func came(now: UInt64) -> Int? {
        untold += 1
        guard now >= nextAt else { return nil }
        defer { untold = 0 }
        nextAt = now + Self.pause
        return untold
    }
}
