public import Core

/// One log as one connection is told it: a connection has one for its user's feed, and one for each channel. Belongs to the
/// hub's thread.
public final class Subscriber {
    public enum Kind {
        /// - Parameters:
        ///   - prefix: the form's `pushPrefix` of its channel.
        ///   - isDeflated: messages may be compressed.
        case webSocket(prefix: [UInt8], form: LiveForm = .json, isDeflated: Bool = false)
        /// - Parameter idSuffix: what follows the position in each `id:`, the stream's own proof.
        case eventStream(idSuffix: String)
        /// An event stream of several logs.
        /// - Parameters:
        ///   - channel: the log's name in each event, as a JSON member with a comma behind it.
        ///   - id: of an event at this position; it says where the stream is in all of its logs.
        indirect case channelStream(channel: [UInt8], id: (LiveCursor) -> String)
        /// Only wants to know that something came: a long poll.
        /// - Parameter isDoubtful: it must look, whatever it has read until now.
        case signal((_ isDoubtful: Bool) -> Void)
    }

    /// Whose connection it is.
    public let user: ID
    public let key: LogKey
    var isQueued = false
    let kind: Kind
    public weak var sink: (any FrameSink)?
    public internal(set) var session: LiveSession

    /// - Parameter channel: `nil`: the user's feed.
    public init(
        user: ID, channel: ChannelName? = nil, kind: Kind, sink: (any FrameSink)?, session: LiveSession
    ) {
        self.user = user
        key = channel.map { .channel($0) } ?? .feed(of: user)
        self.kind = kind
        self.sink = sink
        self.session = session
    }

    public var cursor: LiveCursor { session.cursor }
}
