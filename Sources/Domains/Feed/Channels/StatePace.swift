public import Core
public import Live

/// When states go out: each change at once where nothing went out for a while, else the newest when its time has come, so
/// at most four a second on a channel. A value: whoever drives it passes the time and does what it says.
public struct StatePace {
    /// Nanoseconds from one state of a channel to the next.
    public static let interval: UInt64 = 250_000_000

    /// The value of a channel at some version.
    public struct State: Sendable, Equatable {
        public let channel: ChannelName
        public let version: Int64
        public let envelope: Envelope

        public init(_ channel: ChannelName, version: Int64, _ envelope: Envelope) {
            self.channel = channel
            self.version = version
            self.envelope = envelope
        }
    }

    public enum Action: Sendable, Equatable {
        case publish(State)
        /// It waits; `due` brings it, or a newer one.
        case hold
        /// There was a newer one.
        case drop
    }

    private struct Turn {
        /// When the next one may go.
        var next: UInt64
        /// The newest that was taken.
        var version: Int64
        var held: State?
    }

    private var turns: [ChannelName: Turn] = [:]
    /// In the order of their times: each channel of `turns` once.
    private var order = FIFO<ChannelName>()
    private let limit: Int

    /// - Parameter limit: of channels that had a state within the interval. What comes for more of them goes out at once.
    public init(limit: Int = 16_384) {
        self.limit = limit
    }

    /// How many channels have had a state within the interval.
    public var count: Int { turns.count }

    /// There is a new state.
    /// - Parameter now: monotonic nanoseconds, as in all calls.
    public mutating func came(_ state: State, now: UInt64) -> Action {
        guard var turn = turns[state.channel] else {
            guard turns.count < limit else { return .publish(state) }
            turns[state.channel] = Turn(next: now + Self.interval, version: state.version)
            order.append(state.channel)
            return .publish(state)
        }
        guard state.version > turn.version else { return .drop }
        turn.version = state.version
        turn.held = state
        turns[state.channel] = turn
        return .hold
    }

    /// When to ask for `due`; `nil`: nothing waits.
    public var next: UInt64? { order.first.flatMap { turns[$0]?.next } }

    /// The states whose time has come.
    public mutating func due(now: UInt64) -> [State] {
        var states: [State] = []
        while let channel = order.first, let turn = turns[channel], turn.next <= now {
            _ = order.popFirst()
            guard let held = turn.held else {
                turns[channel] = nil
                continue
            }
            states.append(held)
            turns[channel] = Turn(next: now + Self.interval, version: turn.version)
            order.append(channel)
        }
        return states
    }
}
