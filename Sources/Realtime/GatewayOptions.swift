public import Core
public import DomainKit

/// Times in seconds.
public struct GatewayOptions: Sendable {
    /// How long a WebSocket may say nothing before its `connect`.
    public var staleSeconds = 10
    /// Between pings over WebSocket.
    public var pingSeconds = 25
    public var pongSeconds = 8
    /// Between comments on an event stream.
    public var heartbeatSeconds = 15
    /// After an access token's end, for the client to bring a new one.
    public var expiryGraceSeconds = 25
    /// Within which each log with live clients is audited; channels as often as they have to be registered again, at least.
    public var auditSeconds = 100
    public var connectionsPerUser = 20
    /// Subscriptions to channels: of a connection, of a user over all connections, of the process.
    public var channelsPerConnection = 128
    public var channelsPerUser = 512
    public var maxChannels = 250_000
    /// Of the process: as many may wait to read.
    public var maxConnections = 10_000
    /// How many connections read at once.
    public var concurrentJoins = 8
    /// Bytes of events that a live connection is told when it resumes; who missed more reads the feed.
    public var maxResumed = 1 << 19
    /// Whether joins and messages are limited; what a connection may send before `connect` always is.
    public var limitsAreOn = true
    /// What live clients are told of; other events are passed over.
    public var liveKinds = KnownKinds()
    /// What they may subscribe to.
    public var channels = ChannelKinds()
    /// What events mean to these: who comes back is told of those that may be told now.
    public var effects: [ChannelEffect] = []
    /// Whether pushes are compressed for WebSockets that agreed on it.
    public var deflates = false
    /// How many loops share what a process may do.
    var loops = 1
    /// How many clients a second a peer can take when this process goes down: spreads their return.
    public var returnsPerSecond = 2000

    public init() {}
}
