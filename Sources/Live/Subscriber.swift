public import Core

/// One connection's place in its user's feed. Belongs to the hub's thread.
public final class Subscriber {
    public enum Kind {
        /// - Parameter prefix: the form's `pushPrefix` of its channel.
        case webSocket(prefix: [UInt8], form: LiveForm = .json)
        /// - Parameter idSuffix: what follows the position in each `id:`, the stream's own proof.
        case eventStream(idSuffix: String)
        /// Only wants to know that something came: a long poll.
        case signal(() -> Void)
    }

    enum State {
        /// What came before is being read; what comes live waits in the queue.
        case joining
        case live
        /// Too much waited: it resumes from its cursor when its sink has drained.
        case lagging
        /// It wants nothing now, for good.
        case muted
    }

    public let user: ID
    let kind: Kind
    public weak var sink: (any FrameSink)?
    var state = State.joining
    var queue: [SharedFrame] = []
    /// The queue was cut while joining.
    var hasOverflowed = false
    var isQueued = false
    /// The last position that was handed to the sink, or that a read has covered.
    public internal(set) var cursor: LiveCursor

    public init(user: ID, kind: Kind, sink: (any FrameSink)?, cursor: LiveCursor) {
        self.user = user
        self.kind = kind
        self.sink = sink
        self.cursor = cursor
    }

    public var isLive: Bool { state == .live }
    public var isMuted: Bool { state == .muted }
}
