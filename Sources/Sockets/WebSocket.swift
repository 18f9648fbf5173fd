public import Core
import Deflate

/// An open WebSocket on a connection, which has become its own. Pings are answered and frames checked; messages come
/// whole. Confined to its loop.
public final class WebSocket: LiveTransport {
    private enum State {
        case open
        /// Our Close frame was sent, or is about to be.
        case closing(deadline: UInt64)
        case closed
    }

    private let connection: any LiveCarrier
    let link: Link
    private var parser: WebSocketParser
    private var state = State.open
    private var closeReason: CloseReason?
    /// Bytes sent by `send` since the backlog began.
    private var queued = 0
    private var allowance: FrameAllowance?

    /// What the handshake agreed on.
    public let subprotocol: String?
    /// Whether it did on `permessage-deflate`: what is written may be compressed, message by message.
    public let isDeflated: Bool
    /// A whole message; text is valid UTF-8.
    public var onMessage: ((_ payload: [UInt8], _ isText: Bool) -> Void)?
    public var onDrained: (() -> Void)?
    public var onClosed: ((CloseReason) -> Void)?

    /// - Parameter inflater: of the loop, where messages may be compressed.
    init(_ connection: any LiveCarrier, subprotocol: String?, inflater: Inflater? = nil) {
        self.connection = connection
        link = connection.link
        self.subprotocol = subprotocol
        isDeflated = inflater != nil
        parser = WebSocketParser(maxMessage: 65_536, inflater: inflater)
    }

    /// Bytes of a message that has come in part.
    var held: Int { parser.held }

    public var user: ID? {
        get { connection.user }
        set { connection.user = newValue }
    }

    /// The most bytes of a message, at first 64 KB; a longer one closes the socket with 1009 as soon as its length is
    /// known.
    public var maxMessage: Int {
        get { parser.maxMessage }
        set { parser.maxMessage = newValue }
    }

    /// Setting it fills it. `nil`, as at first: as many as the peer likes.
    public var frameLimit: FrameLimit? {
        get { allowance?.limit }
        set {
            allowance = newValue.map { FrameAllowance($0, now: connection.now()) }
            parser.framesLeft = newValue?.burst ?? .max
        }
    }

    public var isBacklogged: Bool { link.isBacklogged }

    public var isClosed: Bool { if case .open = state { false } else { true } }

    public func reserve(_ bytes: Int) -> Bool { connection.reserve(bytes) }

    public func write(_ bytes: UnsafeRawBufferPointer) {
        guard case .open = state else { return }
        assert(!link.isBacklogged, "a WebSocket was written to while backlogged")
        connection.write(live: bytes)
    }

    /// Messages, for replies, in one write: while backlogged up to 64 KiB of them wait, more closes the socket.
    /// - Parameter texts: each is UTF-8 where they are text.
    public func send(texts: [[UInt8]], areText: Bool = true) {
        guard case .open = state else { return }
        var frames = ByteWriter(capacity: texts.reduce(0) { $0 + $1.count + 10 })
        for text in texts {
            Self.appendFrameHeader(length: text.count, isText: areText, to: &frames)
            frames.append(text)
        }
        if link.isBacklogged {
            queued += frames.count
            guard queued <= 65_536 else { return kill(.stalled) }
        }
        frames.bytes.withUnsafeBytes { connection.write(live: $0) }
    }

    /// Closes with 1000.
    public func close() {
        close(code: 1000, reason: "")
    }

    /// Sends what is waiting and a Close frame; the connection ends with the peer's, or after 5 s. `onClosed` is called
    /// when the frame is on its way.
    ///
    /// - Parameters:
    ///   - code: 1000 to 4999, as RFC 6455 allows an endpoint to send.
    ///   - reason: at most 123 bytes; what is longer is cut at a character.
    public func close(code: Int, reason: String) {
        close(code: code, reason: reason, because: .local)
    }

    private func close(code: Int, reason: String, because closeReason: CloseReason) {
        guard case .open = state else { return }
        let deadline = connection.now() + 5000
        state = .closing(deadline: deadline)
        connection.watch(by: deadline)
        self.closeReason = closeReason
        connection.later { [self] in
            guard case .closing = state else { return }
            Self.closeFrame(code: code, reason: reason).withUnsafeBytes { connection.write(live: $0) }
            tellClosed()
        }
    }

    /// Without a Close frame, and without waiting for the peer's.
    private func kill(_ reason: CloseReason) {
        if case .closed = state { return }
        state = .closed
        closeReason = reason
        connection.later { [self] in
            tellClosed()
            connection.close(reason)
        }
    }

    /// When it is to be looked at: it waits for the peer's Close frame.
    var deadline: UInt64? { if case .closing(let deadline) = state { deadline } else { nil } }

    func check(now: UInt64, isStalled: Bool) {
        switch state {
        case .open where isStalled:
            let slow = connection.slowClose
            close(code: slow.code, reason: slow.reason, because: .stalled)
        case .closing(let deadline) where now >= deadline: kill(.local)
        default: break
        }
    }

    // MARK: Events of the connection

    func received(_ bytes: UnsafeRawBufferPointer) {
        parser.append(bytes)
        if let left = allowance?.fill(parser.framesLeft, now: connection.now()) { parser.framesLeft = left }
        while true {
            switch (parser.next(), state) {
            case (.needsMore, _), (_, .closed): return connection.flush()
            case (.message(let payload, let isText), .open): onMessage?(payload, isText)
            case (.ping(let payload), .open): connection.gather(Self.pong(payload))
            case (.message, .closing), (.ping, .closing): break
            // Both sides have closed, or the peer breaks the rules at the very end.
            case (.close, .closing), (.failure, .closing), (.tooManyFrames, .closing):
                state = .closed
                return connection.close(.local)
            case (.tooManyFrames, .open):
                return finish(allowance?.limit.code, allowance?.limit.reason ?? "", .local)
            case (.close(let code), .open): return finish(code, "", .peer(code: code))
            case (.failure(1009, let reason), .open): return finish(1009, reason, .local)
            case (.failure(let code, let reason), .open): return finish(code, reason, .failed)
            }
        }
    }

    /// The last frame: then our side of the connection is closed, and the peer has some seconds to close its own.
    private func finish(_ code: Int?, _ reason: String, _ closeReason: CloseReason) {
        state = .closed
        self.closeReason = closeReason
        connection.finish(with: Self.closeFrame(code: code, reason: reason))
        tellClosed()
    }

    func drained() {
        queued = 0
        if case .open = state { onDrained?() }
    }

    /// The connection has gone.
    func lost(_ reason: CloseReason) {
        state = .closed
        // An end without a Close frame is a failure, whoever caused it.
        if closeReason == nil { closeReason = reason == .peer(code: nil) ? .failed : reason }
        tellClosed()
    }

    private func tellClosed() {
        let action = onClosed
        onClosed = nil
        onDrained = nil
        onMessage = nil
        action?(closeReason ?? .failed)
    }
}

@available(*, unavailable)
extension WebSocket: Sendable {}
