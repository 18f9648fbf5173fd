/// One command of a message, with its id.
public struct ClientFrame: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        /// An empty command: the answer to a ping.
        case pong
        case command(ClientCommand)
        /// The form is kept, but it is not a well-formed command: it gets error 107.
        case malformed
        /// A command of the protocol's first version, which ended with Centrifugo 4.
        case outdated
    }

    /// 0 where there is none.
    public let id: Int64
    public let content: Content

    /// The most commands that one message may hold. A client that comes back subscribes to all of its channels in one.
    public static let limit = 160
    /// Bytes of a message: of one that comes before a good `connect`, and of all others. A command has a token or the name
    /// of a channel, and `connect` 16 names at most.
    public static let longestFirst = 4096
    public static let longest = 24_576

    /// Splits a message into its commands, in one pass that ends where the message is wrong.
    /// - Returns: `nil` when it is not a run of commands in this form: the client is closed with 3501.
    public static func parse(_ payload: [UInt8], _ form: LiveForm = .json) -> [ClientFrame]? {
        guard payload.count <= longest else { return nil }
        switch form {
        case .json: return parseJSON(payload)
        case .protobuf: return parseProtobuf(payload)
        }
    }
}
