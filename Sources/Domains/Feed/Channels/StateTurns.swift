import Core
public import Live

/// When the states of channels are told: at once where none was for a while, so at most four a second on a channel. A value:
/// whoever drives it passes the time.
public struct StateTurns {
    /// Nanoseconds from one state of a channel to the next.
    public static let interval: UInt64 = 250_000_000

    private var last: [ChannelName: UInt64] = [:]
    /// In the order of their times: each channel once for each time that was given to it.
    private var order = FIFO<(channel: ChannelName, at: UInt64)>()
    private let limit: Int

    /// - Parameter limit: of channels that had a turn within the interval. More of them get theirs at once.
    public init(limit: Int = 16_384) {
        self.limit = limit
    }

    /// How many channels had a turn within the interval, or have one ahead.
    public var count: Int { last.count }

    /// When the state of a channel may be read and told; that time is taken with it.
    /// - Parameter now: monotonic nanoseconds.
    public mutating func take(_ channel: ChannelName, now: UInt64) -> UInt64 {
        forget(now: now)
        let turn = last[channel].map { max(now, $0 + Self.interval) } ?? now
        guard last.count < limit || last[channel] != nil else { return now }
        last[channel] = turn
        order.append((channel, turn))
        return turn
    }

    private mutating func forget(now: UInt64) {
        while let (channel, at) = order.first, at + Self.interval <= now {
            _ = order.popFirst()
            if last[channel] == at { last[channel] = nil }
        }
    }
}
