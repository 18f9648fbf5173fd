public import Core

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
    /// Within which each user with live clients is audited.
    public var auditSeconds = 100
    public var connectionsPerUser = 20
    /// Of the process: as many may wait to read the feed.
    public var maxConnections = 10_000
    /// How many connections read the feed at once.
    public var concurrentJoins = 64
    /// Bytes of events that a live connection is told when it resumes; who missed more reads the feed.
    public var maxResumed = 1 << 19
    /// Whether joins and messages are limited; what a connection may send before `connect` always is.
    public var limitsAreOn = true
    /// What live clients are told of; other events are passed over.
    public var liveKinds = KnownKinds()
    /// How many clients a second a peer can take when this process goes down: spreads their return.
    public var returnsPerSecond = 2000

    public init() {}
}
