import CLibwebsockets
import Core
import Glibc

/// An open WebSocket. lws answers pings, and reads and checks frames; messages come whole. Confined to its loop.
///
/// lws accepts frames without a mask and does not say so: that rule of RFC 6455 is not enforced.
public final class WebSocket: LiveTransport, Slotted {
    private enum State {
        case opening, open
        /// `close` was called; the Close frame goes out when nothing waits before it.
        case closing(code: Int, reason: String, deadline: UInt64)
        case closed
    }

    let server: SocketServer
    let link = Link()
    var slot = -1
    /// As in `link`, and on until lws has closed the connection.
    private var wsi: OpaquePointer?
    /// Until it is open.
    private var request: HTTPRequest?
    private var state = State.opening
    private var closeReason = CloseReason.failed
    private var message: [UInt8] = []
    /// Bytes sent by `send` since the backlog began.
    private var queued = 0

    public let remoteAddress: String
    /// What the handshake agreed on.
    public let subprotocol: String?
    /// A whole message; text is valid UTF-8.
    public var onMessage: ((_ payload: [UInt8], _ isText: Bool) -> Void)?
    public var onDrained: (() -> Void)?
    public var onClosed: ((CloseReason) -> Void)?

    init(_ server: SocketServer, _ request: HTTPRequest, subprotocol: String?) {
        self.server = server
        self.request = request
        self.subprotocol = subprotocol
        remoteAddress = request.remoteAddress
    }

    var isEstablished: Bool { if case .opening = state { false } else { true } }

    public var isBacklogged: Bool { link.isBacklogged }

    public var isClosed: Bool { if case .open = state { false } else { true } }

    public func write(_ bytes: UnsafeRawBufferPointer) {
        guard case .open = state else { return }
        assert(!link.isBacklogged, "a WebSocket was written to while backlogged")
        if !link.write(bytes) { kill(.failed) }
    }

    /// One text message, for replies: while backlogged up to 64 KiB of them wait, more closes the socket.
    public func send(text: String) {
        guard case .open = state else { return }
        var text = text
        var frame = ByteWriter(capacity: text.utf8.count + 10)
        text.withUTF8 { utf8 in
            Self.appendTextFrameHeader(length: utf8.count, to: &frame)
            frame.append(utf8)
        }
        if link.isBacklogged {
            queued += frame.count
            guard queued <= 65_536 else { return kill(.stalled) }
        }
        if !frame.bytes.withUnsafeBytes({ link.write($0) }) { kill(.failed) }
    }

    /// Closes with 1000.
    public func close() {
        close(code: 1000, reason: "")
    }

    /// Sends what is waiting and a Close frame; the connection ends with the peer's, or after 5 s.
    /// `onClosed` comes when the frame is on its way.
    ///
    /// - Parameters:
    ///   - code: 1000 to 4999, as RFC 6455 allows an endpoint to send.
    ///   - reason: at most 123 bytes; what is longer is cut at a character.
    public func close(code: Int, reason: String) {
        guard case .open = state else { return }
        state = .closing(code: code, reason: reason, deadline: server.now() + 5000)
        closeReason = .local
        server.later { [self] in sendClose() }
    }

    // lws sends the frame when it is told to close from outside the connection's own callbacks, and only then if
    // nothing is waiting to be sent.
    private func sendClose() {
        guard case .closing(let code, let reason, _) = state, let wsi = link.wsi, !link.isBacklogged else { return }
        var text = Array(reason.utf8.prefix(123))
        while String(validating: text, as: UTF8.self) == nil { text.removeLast() }
        lws_close_reason(wsi, lws_close_status(rawValue: UInt32(code)), &text, text.count)
        martlet_lws_close(wsi)
        // lws' own timer, which ends the wait for the peer's frame, is set again only by lws' own events.
        server.wake()
    }

    /// Without a Close frame, and without waiting for the peer's.
    func kill(_ reason: CloseReason) {
        if case .closed = state {} else { closeReason = reason }
        state = .closed
        server.later { [self] in
            guard let wsi else { return }
            // lws would wait to flush its backlog, or for the peer's Close frame.
            shutdown(lws_get_socket_fd(wsi), Int32(SHUT_RDWR))
            guard link.wsi != nil else { return }
            tellClosed()
            martlet_lws_close(wsi)
        }
    }

    /// From the sweep.
    func check(now: UInt64) {
        if link.isStalled(now: now, timeout: server.options.writeTimeout) { kill(.stalled) }
        if case .closing(_, _, let deadline) = state, now >= deadline { kill(.local) }
    }

    // MARK: Events of lws

    func bind(_ wsi: OpaquePointer) {
        self.wsi = wsi
        link.wsi = wsi
    }

    func established() {
        state = .open
        guard let request else { return }
        self.request = nil
        server.handler.opened(self, request)
    }

    func received(_ bytes: UnsafeRawBufferPointer, isFinal: Bool, isText: Bool) {
        guard case .open = state else { return }
        guard message.count + bytes.count <= server.options.maxMessage else {
            message = []
            return close(code: 1009, reason: "message too big")
        }
        message.append(contentsOf: bytes)
        guard isFinal else { return }
        let whole = message
        message = []
        onMessage?(whole, isText)
    }

    func drained() {
        guard link.isBacklogged else { return }
        link.drained()
        queued = 0
        if case .closing = state {
            server.later { [self] in sendClose() }
        } else if !isClosed {
            onDrained?()
        }
    }

    /// The peer's Close frame has come.
    func peerCloses(_ code: Int?) {
        if case .open = state { closeReason = .peer(code: code) }
    }

    /// lws takes no more writes.
    func dropped() {
        state = .closed
        link.wsi = nil
        tellClosed()
    }

    /// The connection has gone.
    func lost() {
        wsi = nil
        dropped()
        server.remove(self)
    }

    private func tellClosed() {
        let action = onClosed
        onClosed = nil
        onDrained = nil
        onMessage = nil
        action?(closeReason)
    }
}

@available(*, unavailable)
extension WebSocket: Sendable {}
