public import Core

/// A position that a client holds, as the Centrifugo protocol carries it.
public struct RecoverRequest: Sendable, Equatable {
    public let epoch: String
    public let offset: Int64

    public init(epoch: String, offset: Int64) {
        self.epoch = epoch
        self.offset = offset
    }
}

/// What a client says over WebSocket: a command of the Centrifugo client protocol, in whichever form it came.
public enum ClientCommand: Sendable, Equatable {
    /// - Parameters:
    ///   - recover: by channel, for the server-side subscriptions of an earlier connection.
    case connect(token: String, recover: [ExactText: RecoverRequest], data: ConnectData)
    case refresh(token: String)
    /// - Parameters:
    ///   - recover: the position from which to go on.
    ///   - hasToken: whether it brings a token for the channel. None is given out here, so it can't be a good one.
    case subscribe(channel: String, recover: RecoverRequest?, hasToken: Bool = false)
    case unsubscribe(channel: String)
    case ping
    /// A command without an answer; there is nobody here to take it.
    case send
    /// A command of the protocol that is not offered: `publish`, `presence`, `presence_stats`, `history`, `rpc`,
    /// `sub_refresh`.
    case unavailable
    /// None of the protocol.
    case unknown

    /// Bytes of a channel's name, as in Centrifugo.
    static let longestChannel = 255
    /// Of how many channels `connect` may tell the position.
    static let mostRecovered = 16

    /// The name of a channel to subscribe to.
    static func channel(_ name: String) throws(CommandError) -> String {
        guard (1...longestChannel).contains(name.utf8.count) else { throw .badRequest }
        return name
    }
}
