public import Core

/// An open WebSocket on a connection, which has become its own. Pings are answered and frames checked; messages come
/// whole. Confined to its loop.
public final class WebSocket: LiveTransport {
    private enum State {
        case open
        /// Our Close frame was sent, or is about to be.
        case closing
        case closed
    }

    let connection: any LiveCarrier
    public var owner: (any TransportOwner)?
    private var state = State.open
    /// Whether what is written may be compressed, message by message.
    public let isDeflated: Bool
    private var ending: Ending?
    private var reading: Reading?
    private var allowance: FrameAllowance?
    /// Bytes sent by `send` since the backlog began.
    private var queued: Int32 = 0
    private var framesLeft = Int32.max
    private var mostBytes: Int32 = 65_536

    /// - Parameter isDeflated: the handshake agreed on `permessage-deflate`.
    init(_ connection: any LiveCarrier, isDeflated: Bool = false) {
        self.connection = connection
        self.isDeflated = isDeflated
        connection.takesFrames = true
    }

    /// What is known when it is to end.
    private final class Ending {
        let reason: CloseReason
        /// By when the peer's Close frame must come.
        let deadline: UInt64

        init(_ reason: CloseReason, deadline: UInt64 = .max) {
            self.reason = reason
            self.deadline = deadline
        }
    }

    /// What is there only while a message has come in part: most sockets are silent most of the time.
    private final class Reading {
        var parser: WebSocketParser
        init(_ parser: WebSocketParser) { self.parser = parser }
    }

    /// Bytes of a message that has come in part.
    var held: Int { reading?.parser.held ?? 0 }

    /// Where frames go, without a way through this object. What is written there when the socket closes is dropped.
    public var frames: any FrameSink { connection }

    public var user: ID? {
        get { connection.user }
        set { connection.user = newValue }
    }

    /// The most bytes of a message, at first 64 KB; a longer one closes the socket with 1009 as soon as its length is
    /// known.
    public var maxMessage: Int {
        get { Int(mostBytes) }
        set {
            mostBytes = Int32(clamping: newValue)
            reading?.parser.maxMessage = maxMessage
        }
    }

    /// Setting it fills it. `nil`, as at first: as many as the peer likes.
    public var frameLimit: FrameLimit? {
        get { allowance?.limit }
        set {
            allowance = newValue.map { FrameAllowance($0, now: connection.now()) }
            framesLeft = newValue.map { Int32(clamping: $0.burst) } ?? .max
            reading?.parser.framesLeft = Int(framesLeft)
        }
    }

    public var isBacklogged: Bool { connection.isBacklogged }

    public var isClosed: Bool { if case .open = state { false } else { true } }

    public func reserve(_ bytes: Int) -> Bool { connection.reserve(bytes) }

    public func write(_ bytes: UnsafeRawBufferPointer) {
        connection.write(bytes)
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
        if connection.isBacklogged {
            queued += Int32(clamping: frames.count)
            guard queued <= 65_536 else { return kill(.stalled) }
        }
        frames.bytes.withUnsafeBytes { connection.write(live: $0) }
    }

    /// Closes with 1000.
    public func close() {
        close(code: 1000, reason: "")
    }

    /// Sends what is waiting and a Close frame; the connection ends with the peer's, or after 5 s. its owner is
    /// told when the frame is on its way.
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
        state = .closing
        connection.takesFrames = false
        connection.watch(by: deadline)
        ending = Ending(closeReason, deadline: deadline)
        connection.later { [self] in
            guard case .closing = state else { return }
            Self.closeFrame(code: code, reason: reason).withUnsafeBytes { connection.write(live: $0) }
            tellClosed()
        }
    }

    /// Without a Close frame, and without waiting for the peer's.
    private func kill(_ reason: CloseReason) {
        if case .closed = state { return }
        end()
        ending = Ending(reason)
        connection.later { [self] in
            tellClosed()
            connection.close(reason)
        }
    }

    /// When it is to be looked at: it waits for the peer's Close frame.
    var deadline: UInt64? { if case .closing = state { ending?.deadline } else { nil } }

    func check(now: UInt64, isStalled: Bool) {
        switch state {
        case .open where isStalled:
            let slow = connection.slowClose
            close(code: slow.code, reason: slow.reason, because: .stalled)
        case .closing where now >= deadline ?? 0: kill(.local)
        default: break
        }
    }

    // MARK: Events of the connection

    func received(_ bytes: UnsafeRawBufferPointer) {
        if let left = allowance?.fill(Int(framesLeft), now: connection.now()) { framesLeft = Int32(left) }
        let inflater = isDeflated ? connection.inflater : nil
        let reading = self.reading ?? Reading(WebSocketParser(maxMessage: maxMessage, inflater: inflater))
        self.reading = reading
        reading.parser.framesLeft = Int(framesLeft)
        reading.parser.append(bytes)
        defer {
            if reading.parser.isIdle { self.reading = nil }
        }
        while true {
            let output = reading.parser.next()
            framesLeft = Int32(reading.parser.framesLeft)
            switch (output, state) {
            case (.needsMore, _), (_, .closed): return connection.flush()
            case (.message(let payload, let isText), .open): owner?.received(payload, isText: isText)
            case (.ping(let payload), .open): connection.gather(Self.pong(payload))
            case (.message, .closing), (.ping, .closing): break
            // Both sides have closed, or the peer breaks the rules at the very end.
            case (.close, .closing), (.failure, .closing), (.tooManyFrames, .closing):
                end()
                return connection.close(.local)
            case (.tooManyFrames, .open):
                return finish(allowance?.limit.code, allowance?.limit.reason ?? "", .local)
            case (.close(let code), .open): return finish(code, "", .peer(code: code.map { UInt16($0) }))
            case (.failure(1009, let reason), .open): return finish(1009, reason, .local)
            case (.failure(let code, let reason), .open): return finish(code, reason, .failed)
            }
        }
    }

    /// The last frame: then our side of the connection is closed, and the peer has some seconds to close its own.
    private func finish(_ code: Int?, _ reason: String, _ closeReason: CloseReason) {
        end()
        ending = Ending(closeReason)
        connection.finish(with: Self.closeFrame(code: code, reason: reason))
        tellClosed()
    }

    func drained() {
        queued = 0
        if case .open = state { owner?.drained() }
    }

    /// The connection has gone.
    func lost(_ reason: CloseReason) {
        end()
        // An end without a Close frame is a failure, whoever caused it.
        if ending == nil { ending = Ending(reason == .peer(code: nil) ? .failed : reason) }
        tellClosed()
    }

    private func end() {
        state = .closed
        connection.takesFrames = false
    }

    private func tellClosed() {
        let last = owner
        owner = nil
        last?.closed(ending?.reason ?? .failed)
    }
}

@available(*, unavailable)
extension WebSocket: Sendable {}
