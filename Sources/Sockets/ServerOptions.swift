/// How a server listens and what it takes. Times are in milliseconds, sizes in bytes.
public struct ServerOptions: Sendable {
    /// An IPv4 or IPv6 address as a number. `::` takes both families.
    public var address = "0.0.0.0"
    /// 0 lets the kernel choose.
    public var port = 8080
    /// Sockets that are bound already, by somebody with rights that this process has given up. They are listened on in
    /// place of address and port, and closed.
    public var bound: [Int32] = []
    /// SO_REUSEPORT, for one server on each of several loops: the kernel spreads the connections.
    public var reusePort = false
    public var backlog = 4096

    /// Connections beyond it get 503 and are closed. Lowered to what RLIMIT_NOFILE allows.
    public var maxConnections = 10_000
    /// What one address may have at most. Without it, it may have as many as are still free (`FairShare`).
    public var maxConnectionsPerAddress: Int?
    /// Of the servers of several loops; `nil`: this one has its own, of the two numbers before.
    public var connections: ConnectionShare?
    /// For what waits to be sent, and for requests that have come in part.
    public var budget = ByteBudget(total: 48 << 20)

    /// How events reach the kernel.
    public var writes = WriteMethod.automatic

    /// Paths, as decoded, at which GET opens a WebSocket and nothing else. HEAD gets what a GET without an upgrade
    /// gets.
    public var webSocketPaths: Set<String> = []
    /// Whether WebSockets may compress messages (`permessage-deflate`). What is written is for their owners to compress.
    public var deflates = false
    public var maxBody = 262_144
    /// Requests of one connection that are being worked on at the same time; what comes after waits unread.
    public var maxPipelined = 64
    public var maxBuffered = 262_144

    /// From a request's first byte to the end of its head.
    public var headTimeout = 10_000
    /// For the whole body.
    public var bodyTimeout = 20_000
    /// Between requests, and before the first.
    public var idleTimeout = 60_000
    /// While bytes wait to be written: how long the peer may acknowledge less than `leastRate`.
    public var writeTimeout = 30_000
    /// What a WebSocket that takes too little is closed with, behind what waits for it: a client that reads on by then is
    /// told why.
    public var slowClose = (code: 3008, reason: "slow")
    /// Bytes that may wait in user space for one event stream or WebSocket; more closes it.
    public var maxWaiting = 1 << 20
    /// The least number of bytes a second that a reader must take. A slower one is as good as none.
    public var leastRate = 1024
    /// After the last response: how long the peer may go on sending before it is cut off.
    public var lingerTimeout = 5_000
    /// After `drain`: how long a connection without a request stays open for one more, which a proxy may have sent just
    /// then. If that is longer than the proxy keeps idle connections, no request meets one that is closing. 0: not at
    /// all.
    public var drainIdleTimeout = 0

    public init() {}

    var parserLimits: HTTPLimits {
        var limits = HTTPLimits()
        limits.body = maxBody
        return limits
    }

    /// How often deadlines are checked: four times within the shortest of them, at most once in 10 ms.
    var sweepInterval: Int {
        let shortest = min(headTimeout, bodyTimeout, idleTimeout, writeTimeout, lingerTimeout)
        return max(10, min(1000, shortest / 4))
    }
}
