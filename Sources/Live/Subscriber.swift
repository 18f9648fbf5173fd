public import Core

/// One log as one connection is told it: a connection has one for its user's feed, and one for each channel. Belongs to the
/// hub's thread.
public final class Subscriber {
    public enum Kind {
        /// - Parameter isDeflated: messages may be compressed.
        case webSocket(LiveForm = .json, isDeflated: Bool = false)
        /// - Parameter idSuffix: what follows the position in each `id:`, the stream's own proof.
        case eventStream(idSuffix: [UInt8])
        /// An event stream of several logs.
        /// - Parameters:
        ///   - channel: the log's name in each event, as a JSON member with a comma behind it.
        ///   - id: of an event at this position; it says where the stream is in all of its logs.
        indirect case channelStream(channel: [UInt8], id: (LiveCursor) -> String)
        /// Only wants to know that something came: a long poll.
        /// - Parameter isDoubtful: it must look, whatever it has read until now.
        indirect case signal((_ isDoubtful: Bool) -> Void)
    }

    let kind: Kind
    public let key: LogKey
    var isQueued = false
    var isSlow = false
    var state: LiveSession
    /// Where its bytes go; `nil` for a signal, and when the hub has it no more.
    private(set) var sink: (any FrameSink)?
    /// Whose connection it is.
    public let user: ID
    /// The connection, for whoever asks the hub who is told a log. As long as `sink`.
    public private(set) var owner: AnyObject?
    /// Others of its log, on their hub's list.
    var next: Subscriber?
    unowned(unsafe) var previous: Subscriber?

    /// - Parameters:
    ///   - channel: `nil`: the user's feed.
    ///   - owner: kept until it is removed from its hub.
    public init(
        user: ID, channel: ChannelName? = nil, kind: Kind, sink: (any FrameSink)?, owner: AnyObject? = nil,
        session: LiveSession
    ) {
        self.user = user
        key = channel.map { .channel($0) } ?? .feed(of: user)
        self.kind = kind
        self.sink = sink
        self.owner = owner
        state = session
    }

    public var session: LiveSession { state }
    public var cursor: LiveCursor { state.cursor }

    func release() {
        state.end()
        sink = nil
        owner = nil
    }
}
