public import Core
import Runtime

/// A response that stays open, for server-sent events and for bodies in pieces. Each write goes out at once: an event to
/// HTTP/1.1 as a chunk, to HTTP/1.0 as it is, where the end of the connection is the end of the body. Confined to its loop.
public final class EventStream: LiveTransport {
    /// `nil` once it is closed.
    private var connection: (any LiveCarrier)?
    /// The head has gone out, and the connection is the stream's.
    private var isStarted = false
    private let isChunked: Bool

    public var owner: (any TransportOwner)?

    init(_ connection: any LiveCarrier, isChunked: Bool) {
        self.connection = connection
        self.isChunked = isChunked
    }

    /// A stream whose client was gone before it began.
    init(closedOn loop: EventLoop) {
        isChunked = false
        let boxed = LoopBound.holding(self, on: loop)
        loop.post { boxed.value.finish(.peer(code: nil)) }
    }

    public var isClosed: Bool { connection == nil }

    public var user: ID? {
        get { connection?.user }
        set { connection?.user = newValue }
    }

    public var isBacklogged: Bool {
        guard let connection else { return false }
        return !isStarted || connection.isBacklogged
    }

    public func reserve(_ bytes: Int) -> Bool { connection?.reserve(bytes) ?? true }

    public func write(_ bytes: UnsafeRawBufferPointer) {
        // An empty chunk would be the last one.
        guard let connection, bytes.count > 0 else { return }
        assert(!isBacklogged, "an event stream was written to while backlogged")
        if isChunked { connection.write(chunk: bytes) } else { connection.write(live: bytes) }
    }

    public func close() {
        guard let connection else { return }
        self.connection = nil
        connection.later { [self] in
            connection.end(self, isChunked: isChunked)
            finish(.local)
        }
    }

    /// The head has gone out.
    func start() {
        isStarted = true
        owner?.drained()
    }

    func drained() {
        if !isClosed { owner?.drained() }
    }

    /// The connection has gone.
    func closed(_ reason: CloseReason) {
        guard connection != nil else { return }
        connection = nil
        finish(reason)
    }

    private func finish(_ reason: CloseReason) {
        let last = owner
        owner = nil
        last?.closed(reason)
    }
}

@available(*, unavailable)
extension EventStream: Sendable {}
