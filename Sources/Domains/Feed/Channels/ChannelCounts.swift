import Core

/// What became of publications.
public struct ChannelCounts: Sendable, Equatable {
    /// Events that went into logs.
    public var told = 0
    /// Events that were there already.
    public var repeated = 0
    /// Messages to nodes.
    public var messages = 0

    public init(told: Int = 0, repeated: Int = 0, messages: Int = 0) {
        self.told = told
        self.repeated = repeated
        self.messages = messages
    }

    func measure() {
        Metrics.shared.counter(.channelEvents).add(told)
        Metrics.shared.counter(.channelRepeats).add(repeated)
        Metrics.shared.counter(.channelMessages).add(messages)
    }
}
