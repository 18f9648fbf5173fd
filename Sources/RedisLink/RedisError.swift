/// Why a command has no reply that can be used.
public enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection at the moment. The command was not sent.
    case notConnected
    /// As many commands or bytes are under way as may be. The command was not sent.
    case overloaded
    /// The connection ended before the reply came.
    case connectionLost(String)
    /// No reply within the deadline. The connection is dropped.
    case timedOut
    /// The handle was closed.
    case closed
    /// Redis answered with an error: its text.
    case server(String)
    /// A reply of another shape than the command has.
    case unexpectedReply(String)

    /// May the command have been carried out?
    public var mayHaveRun: Bool {
        switch self {
        case .notConnected, .overloaded: false
        case .connectionLost, .timedOut, .closed, .server, .unexpectedReply: true
        }
    }

    /// May the same command succeed later?
    public var isTemporary: Bool {
        switch self {
        case .notConnected, .overloaded, .connectionLost, .timedOut: true
        case .closed, .unexpectedReply: false
        case .server(let text): Self.temporaryPrefixes.contains { text.hasPrefix($0) }
        }
    }

    private static let temporaryPrefixes = [
        "LOADING", "BUSY", "READONLY", "MASTERDOWN", "OOM", "TRYAGAIN", "CLUSTERDOWN", "NOREPLICAS", "MISCONF",
    ]

    public var description: String {
        switch self {
        case .notConnected: "not connected to Redis"
        case .overloaded: "too many Redis commands under way"
        case .connectionLost(let reason): "connection to Redis lost: \(reason)"
        case .timedOut: "Redis did not answer in time"
        case .closed: "the link to Redis is closed"
        case .server(let text): "Redis: \(text)"
        case .unexpectedReply(let what): "unexpected reply from Redis: \(what)"
        }
    }
}
