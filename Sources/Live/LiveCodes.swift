/// Why the server closes a WebSocket, in Centrifugo's number space: 3000 to 3499 the client should come back, 3500 to
/// 3999, and from 4500, it should not.
public enum Disconnect: Int, Sendable, CaseIterable {
    /// The server goes down; come back.
    case shutdown = 3001
    /// The server failed in a way that may pass.
    case serverError = 3004
    /// The access token ended and was not refreshed in time.
    case expired = 3005
    /// The client did not read for too long.
    case slow = 3008
    /// What the client missed can't be told any more: read the feed, then go live again.
    case insufficientState = 3010
    /// No answer to a ping.
    case noPong = 3012
    /// The client says more than it may.
    case tooManyRequests = 3013
    /// The token is not one of ours, or belongs to a session that has ended.
    case invalidToken = 3500
    /// A frame or command that the protocol does not allow.
    case badRequest = 3501
    /// Nothing was said in time after the connection was opened.
    case stale = 3502
    /// The session was ended: logged out.
    case forceDisconnect = 3503
    /// The user has too many connections.
    case connectionLimit = 3504
    /// What the client speaks is not what the handshake agreed on, or the protocol's first version.
    case inappropriateProtocol = 3506
    /// The user is suspended. Of the numbers that Centrifugo leaves to applications: from 4500 on the client should not
    /// come back.
    case accountSuspended = 4500

    public var reason: String {
        switch self {
        case .shutdown: "shutdown"
        case .serverError: "internal server error"
        case .expired: "connection expired"
        case .slow: "slow"
        case .insufficientState: "insufficient state"
        case .noPong: "no pong"
        case .tooManyRequests: "too many requests"
        case .invalidToken: "invalid token"
        case .badRequest: "bad request"
        case .stale: "stale"
        case .forceDisconnect: "force disconnect"
        case .connectionLimit: "connection limit"
        case .accountSuspended: "account suspended"
        case .inappropriateProtocol:
            "inappropriate protocol: version 2 in JSON, or in protobuf with the subprotocol centrifuge-protobuf"
        }
    }
}

/// Why the server ends a subscription, in Centrifugo's number space: from 2500 on the client should subscribe again.
public enum Unsubscribe: Int, Sendable, CaseIterable {
    /// The user may not see the channel any more, or there is none any more.
    case refused = 2000
    /// The server can't go on with it: what was missed can't be told, or whether the user may still see the channel can't be
    /// found out. Subscribe again.
    case insufficientState = 2500

    public var reason: String {
        switch self {
        case .refused: "server unsubscribe"
        case .insufficientState: "insufficient state"
        }
    }
}

/// Errors in replies to commands, with Centrifugo's numbers.
public enum CommandError: Int, Error, Sendable, CaseIterable {
    /// Something failed on the server; try again.
    case internalError = 100
    /// No token was given.
    case unauthorized = 101
    /// There is no such channel, or none that the user may see.
    case unknownChannel = 102
    /// The channel is not for this user.
    case permissionDenied = 103
    /// The protocol has no such command.
    case methodNotFound = 104
    /// The connection has this subscription already.
    case alreadySubscribed = 105
    /// The connection, or its user, has as many subscriptions as it may.
    case limitExceeded = 106
    /// The command is not well-formed.
    case badRequest = 107
    /// The protocol has the command, but no channel here takes it.
    case notAvailable = 108
    /// The access token has expired: get a new one and connect again.
    case tokenExpired = 109
    /// The user, or the address, has used up what it may: try again later.
    case tooManyRequests = 111

    public var message: String {
        switch self {
        case .internalError: "internal server error"
        case .unauthorized: "unauthorized"
        case .unknownChannel: "unknown channel"
        case .permissionDenied: "permission denied"
        case .methodNotFound: "method not found"
        case .alreadySubscribed: "already subscribed"
        case .limitExceeded: "limit exceeded"
        case .badRequest: "bad request"
        case .notAvailable: "not available"
        case .tokenExpired: "token expired"
        case .tooManyRequests: "too many requests"
        }
    }

    public var isTemporary: Bool { self == .internalError || self == .tooManyRequests }
}
