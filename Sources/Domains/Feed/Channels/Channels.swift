import Core
public import Live
import RedisLink

/// Channels in Redis: logs of events and states that clients subscribe to, by the rules of the timelines.
///
/// A channel has the clock, the epoch and the numbers of messages of the partition that it lies in, so what tells a node
/// that it missed something of its users tells it of its channels, too. A log is kept only while somebody is subscribed,
/// and some minutes longer; it is bounded in events and bytes, and says from which position on it is whole. Nodes register
/// a channel first and recover second, as with users.
///
/// The state may be lost at any time (another epoch). Nothing in it is the truth: who is reset reads the API.
public struct Channels: Sendable {
    public struct Options: Sendable {
        /// Events that a log keeps.
        public var events = 200
        /// Bytes that it keeps: what goes into one answer.
        public var bytes = 256 << 10
        /// Seconds that a log lives after a node registered it; nodes say so again before.
        public var life = 600

        public init() {}
    }

    static let pipelineLength = 64

    public let timelines: Timelines
    public let options: Options
    var scripts: ChannelScripts { timelines.scripts.channels }

    /// - Parameter timelines: whose Redis, partitions and prefix they share.
    public init(_ timelines: Timelines, options: Options = Options()) {
        precondition(options.events > 0 && options.bytes > 0 && options.life > 0, "channels: options")
        self.timelines = timelines
        self.options = options
        // The count is there before the first of them.
        _ = StoredEnvelope.skipped
    }

    /// On which a node hears of it: `Timelines.channel(partition:node:)`.
    public func partition(of channel: ChannelName) -> Int { timelines.partitions.of(channel) }

    func call(_ script: RedisScript, _ channel: ChannelName, _ arguments: [RedisArgument]) -> RedisScriptCall {
        timelines.call(script, partition(of: channel), [.text(channel.description)] + arguments)
    }

    var life: RedisArgument { .number(Int64(options.life)) }
}
