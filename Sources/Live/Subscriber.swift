public import Core

/// One connection that is told a user's feed. Belongs to the hub's thread.
public final class Subscriber {
    public enum Kind {
        /// - Parameter prefix: the form's `pushPrefix` of its channel.
        case webSocket(prefix: [UInt8], form: LiveForm = .json)
        /// - Parameter idSuffix: what follows the position in each `id:`, the stream's own proof.
        case eventStream(idSuffix: String)
        /// Only wants to know that something came: a long poll.
        case signal(() -> Void)
    }

    public let user: ID
    let kind: Kind
    public weak var sink: (any FrameSink)?
    public internal(set) var session: LiveSession
    var isQueued = false

    public init(user: ID, kind: Kind, sink: (any FrameSink)?, session: LiveSession) {
        self.user = user
        self.kind = kind
        self.sink = sink
        self.session = session
    }

    public var cursor: LiveCursor { session.cursor }
}
