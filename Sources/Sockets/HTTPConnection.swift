import CLibwebsockets
import Core
import Glibc

/// What a connection asks of the server that has it.
protocol ConnectionOwner: AnyObject {
    /// A connection through a proxy carries a request of this client now.
    /// - Returns: false when the client has as many as it may have; then the connection is counted for nobody.
    func move(_ connection: HTTPConnection, to client: IPAddress?) -> Bool

    /// For a connection whose peer has closed its side, in place of the socket that lws is closing.
    func adoptAgain(_ connection: HTTPConnection, _ descriptor: Int32) -> Bool

    func remove(_ connection: HTTPConnection)
}

/// A connection that speaks HTTP/1.1, as a raw socket of libwebsockets: bytes come in from lws, go through the parser,
/// and responses go out in the order of the requests. Confined to its loop.
final class HTTPConnection: Link, Slotted, Timed {
    enum Phase {
        case reading
        /// No request is read any more; what was read is still answered. Bytes that come are dropped.
        case finishing
        /// The connection is `stream`'s.
        case streaming
        /// The connection is `webSocket`'s.
        case webSocket
        /// Everything has been sent, and our side is closed: waiting for the peer to close its side, because closing
        /// with unread bytes would reset the connection and take the response from the client.
        case lingering
        case closed
    }

    // What each frame touches is first.
    var phase = Phase.reading
    /// `100 Continue` is to be sent once no earlier response is missing.
    var owesContinue = false
    var slot: Int32 = -1
    let server: ServerContext
    /// What goes out by the next flush.
    var output: [UInt8] = []
    /// `nil`: nothing.
    var holdings: Holdings?

    private(set) var webSocket: WebSocket?
    var stream: EventStream?
    let owner: any ConnectionOwner
    /// Whose it is; `nil` where that is not known, or through a proxy while it carries no request.
    var client: IPAddress?
    /// Its peer passes on what others send.
    let isProxied: Bool
    /// Its place among those that may be open. A client that gets none is told that there are too many.
    enum Place { case none, own, refused }
    var place = Place.none
    /// Bytes that came when nothing was read any more.
    private var discarded: Int32 = 0
    /// Whose event stream or WebSocket it is.
    var user: ID?
    private(set) var stage = HTTPParser.Stage.idle
    private(set) var isProcessing = false
    /// Requests wait unread, because as many as are allowed are being worked on.
    private(set) var isHeld = false
    var isPaused = false
    /// The peer has closed its side.
    private(set) var isHalfClosed = false
    /// A request has come.
    private(set) var isUsed = false
    /// In the order of arrival: without a response, or with one that must wait for its turn.
    var exchanges: [HTTPExchange] = []
    /// Milliseconds of the server's clock.
    var deadline: UInt64 {
        didSet { server.watch(self, by: deadline) }
    }
    var timerPlace = TimerPlace()

    /// `nil` once the connection is a stream's or a WebSocket's, and reads no request any more.
    private(set) var requests: RequestReader?
    var parser: HTTPParser {
        get { requests!.parser }
        _modify { yield &requests!.parser }
    }
    var remoteAddress: String { requests?.remoteAddress ?? "" }
    private var reason = CloseReason.peer(code: nil)

    init(_ server: ServerContext, owner: any ConnectionOwner, remoteAddress: String) {
        self.server = server
        self.owner = owner
        let peer = IPAddress(remoteAddress)
        isProxied = peer.map(server.handler.isProxy) ?? false
        client = isProxied ? nil : peer
        requests = RequestReader(HTTPParser(limits: server.options.parserLimits), from: remoteAddress)
        deadline = server.now() + UInt64(server.options.idleTimeout)
    }

    /// The gauge that counts it.
    var gauge: Gauge { webSocket == nil ? SocketMetrics.shared.connections : SocketMetrics.shared.webSockets }

    // MARK: Events of the link

    override func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let requests, isNew, !server.turns.isOpen else { return handle(bytes) }
        if requests.early.isEmpty { server.turns.wait(self) }
        requests.early += bytes
        pauseAsNeeded()
        return true
    }

    override func takeTurn() {
        guard let requests, !requests.early.isEmpty else { return }
        let bytes = requests.early
        requests.early = []
        _ = bytes.withUnsafeBytes { handle($0) }
        pauseAsNeeded()
    }

    private func handle(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch phase {
        case .reading:
            parser.append(bytes)
            process()
        case .webSocket:
            webSocket?.received(bytes)
            if user != nil { requests = nil }
            if let webSocket, !holdIncoming(webSocket.held) { close(.stalled) }
        case .finishing, .streaming, .lingering:
            discarded += Int32(clamping: bytes.count)
            // A client that goes on sending a body which was refused may do so for a while, so that it can read why.
            if discarded > 16 << 20 { close(.failed) }
        case .closed:
            break
        }
        return phase != .closed
    }

    override func drained() {
        guard isBacklogged else { return }
        backlogHasGone()
        backlog = []
        // Nothing was read meanwhile.
        if phase == .reading { setDeadline() }
        advance()
        flush()
        if phase == .streaming, !isBacklogged { stream?.drained() }
        if phase == .webSocket, !isBacklogged { webSocket?.drained() }
        resume()
    }

    override func gatheredWaits(_ count: Int, isAlive: Bool) {
        guard isAlive else { return close(.failed) }
        guard holdBacklog(count), waits(atMost: server.options.maxWaiting) else { return close(.stalled) }
        pauseAsNeeded()
    }

    override func lost() {
        let descriptor = descriptor
        wsi = nil
        let isHalf = martlet_tcp_state(descriptor) == Int32(TCP_CLOSE_WAIT)
        if isHalf, phase != .closed, !isHalfClosed, !exchanges.isEmpty, owner.adoptAgain(self, descriptor) {
            peerHalfClosed()
        } else {
            gone()
        }
    }

    /// The peer has sent all it wants to and may still be reading. lws then closes a raw socket at once, so the
    /// connection goes on with a duplicate of the descriptor, from which nothing is read.
    private func peerHalfClosed() {
        isHalfClosed = true
        phase = .finishing
        deadline = server.now() + UInt64(server.options.idleTimeout)
        pauseAsNeeded()
        for exchange in exchanges where exchange.ready == nil && exchange.onClose != nil {
            exchange.peerEnded()
            // The handler was told and gave no response: nothing more goes out after it.
            if case .waiting = exchange.state, let index = exchanges.firstIndex(where: { $0 === exchange }) {
                dropExchanges(from: index)
                break
            }
        }
        flush()
    }

    private func gone() {
        phase = .closed
        endLink()
        incoming = nil
        reserved = nil
        outgoing = []
        backlog = []
        dropExchanges(from: 0)
        stream?.closed(reason)
        stream = nil
        webSocket?.lost(reason)
        owner.remove(self)
        webSocket = nil
    }

    func dropExchanges(from index: Int) {
        let dropped = exchanges[index...]
        exchanges.removeSubrange(index...)
        for exchange in dropped {
            exchange.stream?.closed(reason)
            exchange.connectionClosed()
        }
    }

    /// Closes at once, though never from within this call.
    func close(_ reason: CloseReason) {
        guard phase != .closed else { return }
        if isGathered { server.submit() }
        guard phase != .closed else { return }
        phase = .closed
        self.reason = reason
        server.later { [self] in
            guard let wsi = wsi else { return }
            // lws would wait to flush its backlog.
            if isBacklogged { shutdown(descriptor, Int32(SHUT_RDWR)) }
            martlet_lws_close(wsi)
        }
    }

    // MARK: Requests

    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        isHeld = false
        var progressed = false
        loop: while phase == .reading {
            guard exchanges.count < server.options.maxPipelined else {
                isHeld = true
                break
            }
            switch parser.next() {
            case .needsMore: break loop
            case .continueWanted: owesContinue = true
            case .request(let request, let keepAlive):
                progressed = true
                accept(request, keepAlive: keepAlive && !server.isDraining)
            case .failure(let error): refuse(error, origin: parser.origin)
            }
        }
        isProcessing = false
        if phase == .reading, !holdIncoming(parser.held) { refuse(Self.outOfMemory, origin: parser.origin) }
        if phase == .reading, progressed || parser.stage != stage {
            stage = parser.stage
            setDeadline()
        }
        flush()
    }

    private func accept(_ request: HTTPRequest, keepAlive: Bool) {
        var request = request
        request.remoteAddress = remoteAddress
        request.held = incoming
        incoming = nil
        isUsed = true
        owesContinue = false
        if isProxied, !owner.move(self, to: server.handler.client(of: request)) {
            SocketMetrics.shared.refused.add()
            enqueue(request, keepAlive: keepAlive).respond(refusal(Self.tooMany))
        } else if ["GET", "HEAD"].contains(request.method),
            server.options.webSocketPaths.containsExactly(request.path)
        {
            upgrade(request, keepAlive: keepAlive)
        } else {
            server.handler.received(request, enqueue(request, keepAlive: keepAlive))
        }
    }

    private func enqueue(_ request: HTTPRequest, keepAlive: Bool) -> HTTPExchange {
        enqueue(
            HTTPExchange(
                of: self, on: server.loop, isHead: request.method == "HEAD", takesChunks: !request.isVersion10,
                closes: !keepAlive,
                commonHeaders: server.handler.commonHeaders(origin: request.headers.only("origin"))))
    }

    private func enqueue(_ exchange: HTTPExchange) -> HTTPExchange {
        exchanges.append(exchange)
        if exchange.closes { phase = .finishing }
        return exchange
    }

    private func upgrade(_ request: HTTPRequest, keepAlive: Bool) {
        let handshake: WebSocketHandshake
        do throws(HTTPRequestError) {
            handshake = try WebSocketHandshake(request)
            flush()
            guard exchanges.isEmpty, !isBacklogged else {
                throw HTTPRequestError(.badRequest, "A WebSocket handshake waits for earlier responses.")
            }
        } catch {
            return refuse(error, origin: request.headers.only("origin"), isHead: request.method == "HEAD")
        }
        switch server.handler.upgrade(request) {
        case .refuse(let response):
            enqueue(request, keepAlive: keepAlive).respond(response)
        case .accept(let subprotocol):
            guard phase == .reading else { return }
            let socket = WebSocket(self, isDeflated: handshake.deflate != nil && server.inflater != nil)
            open(socket, subprotocol, request, handshake)
        }
    }

    private func open(
        _ socket: WebSocket, _ subprotocol: String?, _ request: HTTPRequest, _ handshake: WebSocketHandshake
    ) {
        phase = .webSocket
        webSocket = socket
        gauge.add(1)
        SocketMetrics.shared.connections.add(-1)
        output += handshake.response(
            subprotocol: subprotocol, deflate: socket.isDeflated ? handshake.deflate : nil)
        flush()
        server.handler.opened(socket, request)
        // Frames that came right behind the handshake.
        let rest = parser.takeRest()
        rest.withUnsafeBytes { if phase == .webSocket { socket.received($0) } }
    }

    /// The last response on this connection.
    func refuse(_ error: HTTPRequestError, origin: String? = nil, isHead: Bool = false) {
        if error.kind == .http2 { return close(.failed) }
        (error.kind == .overloaded ? SocketMetrics.shared.refused : SocketMetrics.shared.badRequests).add()
        parser.close()
        incoming = nil
        owesContinue = false
        enqueue(
            HTTPExchange(
                of: self, on: server.loop, isHead: isHead, takesChunks: false, closes: true,
                commonHeaders: server.handler.commonHeaders(origin: origin))
        ).respond(refusal(error))
    }

    /// The connection is a stream's.
    func readNoMore() { requests = nil }
}
