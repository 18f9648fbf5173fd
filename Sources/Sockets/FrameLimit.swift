/// How many frames of any kind a WebSocket takes: control frames and fragments of messages count, too. A peer that
/// sends more is disconnected. Sizes are limited elsewhere: by the message, and by what a control frame may hold.
public final class FrameLimit: Sendable {
    let burst: Int
    let interval: UInt64?
    let code: Int
    let reason: String

    /// - Parameters:
    ///   - burst: at once, and before the first interval is over.
    ///   - interval: milliseconds after which there is one more; `nil`: there are no more than `burst`.
    ///   - code: the socket is closed with it.
    public init(burst: Int, interval: Int? = nil, code: Int, reason: String) {
        self.burst = burst
        self.interval = interval.map { UInt64($0) }
        self.code = code
        self.reason = reason
    }
}

/// What is left of a limit. It looks at the clock once for each read, not for each frame.
struct FrameAllowance {
    let limit: FrameLimit
    private var filledAt: UInt64

    /// - Parameter now: milliseconds of a clock that never steps.
    init(_ limit: FrameLimit, now: UInt64) {
        self.limit = limit
        filledAt = now
    }

    /// - Returns: the frames that may come now, given those that were left.
    mutating func fill(_ left: Int, now: UInt64) -> Int {
        guard let interval = limit.interval else { return left }
        let more = (now - filledAt) / interval
        filledAt += more * interval
        return min(limit.burst, left + Int(more))
    }
}
