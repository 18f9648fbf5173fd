import Core
import Crypto
import Hub
import Sockets
import Wire

/// A WebSocket that speaks the Centrifugo client protocol. Lives on the gateway's loop.
final class WebSocketClient: LiveClient {
    private enum State {
        case fresh
        /// The `connect` command has this id.
        case joining(command: Int64, wantsRecovery: Bool)
        case connected
    }

    private let socket: WebSocket
    private unowned let gateway: Gateway
    private let name = Base64URL.encode(Crypto.randomBytes(12))
    private var state = State.fresh
    private var token: AccessToken?
    private let openedAt: UInt64
    private var pingedAt: UInt64
    private var awaitsPong = false
    private(set) var subscriber: Subscriber?

    init(_ socket: WebSocket, gateway: Gateway, now: UInt64) {
        self.socket = socket
        self.gateway = gateway
        openedAt = now
        // A random start spreads the pings of clients that came together.
        pingedAt = now - min(now, .random(in: 0..<UInt64(gateway.options.pingSeconds) * 1_000_000_000 / 2))
        socket.onMessage = { [unowned self] payload, _ in received(payload) }
        socket.onDrained = { [unowned self] in gateway.drained(self) }
        socket.onClosed = { [unowned self] _ in gateway.closed(self) }
    }

    var session: ID { token?.session ?? .zero }
    var position: LiveCursor? { subscriber?.cursor }
    var isBacklogged: Bool { socket.isBacklogged }

    func write(_ bytes: UnsafeRawBufferPointer) { socket.write(bytes) }

    private func send(_ reply: [UInt8]) {
        socket.send(text: String(decoding: reply, as: UTF8.self))
    }

    func end(_ reason: Disconnect) {
        socket.close(code: reason.rawValue, reason: reason.reason)
    }

    // MARK: Commands

    private func received(_ payload: [UInt8]) {
        guard let frames = ClientFrame.parse(payload) else { return end(.badRequest) }
        for frame in frames where !socket.isClosed { handle(frame) }
    }

    private func handle(_ frame: ClientFrame) {
        switch frame.content {
        case .pong: awaitsPong = false
        case .malformed:
            if frame.id == 0 { end(.badRequest) } else { send(ServerReply.error(id: frame.id, .badRequest)) }
        case .command(.send) where token != nil: break
        case .command where frame.id == 0: end(.badRequest)
        case .command(.unknown): send(ServerReply.error(id: frame.id, .methodNotFound))
        case .command(.connect(let token, let recover, let since)):
            connect(frame.id, token, recover, since)
        case .command(let command):
            guard token != nil else { return end(.badRequest) }
            handle(command, frame.id)
        }
    }

    private func handle(_ command: ClientCommand, _ id: Int64) {
        switch command {
        case .refresh(let text): refresh(id, text)
        case .ping: send(ServerReply.empty(id: id, "ping"))
        case .subscribe(let channel):
            if channel == ServerReply.feedChannel(token!.subject) {
                send(ServerReply.error(id: id, .alreadySubscribed))
            } else {
                send(ServerReply.error(id: id, channel.hasPrefix("feed:") ? .permissionDenied : .unknownChannel))
            }
        case .unsubscribe: send(ServerReply.empty(id: id, "unsubscribe"))
        case .connect, .send, .unknown: end(.badRequest)
        }
    }

    private func connect(_ id: Int64, _ text: String, _ recover: [String: RecoverRequest], _ since: String?) {
        guard case .fresh = state else { return end(.badRequest) }
        guard !text.isEmpty else { return send(ServerReply.error(id: id, .unauthorized)) }
        let token: AccessToken
        switch gateway.check(text) {
        case .success(let good): token = good
        case .failure(.expired): return send(ServerReply.error(id: id, .tokenExpired))
        case .failure(.invalid): return end(.invalidToken)
        }
        guard gateway.mayConnect(token.subject) else { return end(.connectionLimit) }
        var held: LiveCursor?
        if let request = recover[ServerReply.feedChannel(token.subject)] {
            // A position without an epoch, or of a foreign one, is out of every window: that is a reset, not an error.
            held = LiveCursor(epoch: LiveCursor.epoch(named: request.epoch) ?? 0, position: request.offset)
        } else if let since {
            guard let cursor = LiveCursor(LiveCursor.bare(since), user: token.subject, gateway.cursors) else {
                return send(ServerReply.error(id: id, .badRequest))
            }
            held = cursor
        }
        self.token = token
        state = .joining(command: id, wantsRecovery: held != nil)
        let prefix = ServerReply.pushPrefix(channel: ServerReply.feedChannel(token.subject))
        let subscriber = Subscriber(
            user: token.subject, kind: .webSocket(prefix: prefix), sink: self,
            cursor: held ?? LiveCursor(epoch: 0, position: 0))
        self.subscriber = subscriber
        gateway.join(self, from: held)
    }

    private func refresh(_ id: Int64, _ text: String) {
        switch gateway.check(text) {
        case .success(let fresh) where fresh.subject == token?.subject:
            token = fresh
            send(ServerReply.refreshed(id: id, client: name, ttl: fresh.expiresAt - gateway.seconds))
        case .failure(.expired): send(ServerReply.error(id: id, .tokenExpired))
        default: end(.invalidToken)
        }
    }

    // MARK: The feed

    func tell(_ outcome: JoinOutcome) -> Bool {
        guard let subscriber, let token else { return false }
        if case .joining(let command, let wantsRecovery) = state {
            state = .connected
            var publications: [Publication] = []
            var recovered: Bool? = wantsRecovery
            if case .resumed(let missed, _) = outcome { publications = missed }
            if case .reset = outcome { recovered = false }
            if case .live = outcome { recovered = nil }
            send(
                ServerReply.connected(
                    id: command,
                    .init(
                        client: name, user: token.subject, cursor: outcome.cursor, recovered: recovered,
                        publications: publications, ttl: token.expiresAt - gateway.seconds,
                        pingSeconds: gateway.options.pingSeconds)))
            return true
        }
        guard !socket.isBacklogged else { return false }
        switch outcome {
        case .live: break
        case .reset: end(.insufficientState)
        case .resumed(let missed, let cursor):
            let bytes = gateway.hub.encode(missed, for: subscriber, epoch: cursor.epoch)
            if !bytes.isEmpty { bytes.withUnsafeBytes { socket.write($0) } }
        }
        return true
    }

    func joinFailed() {
        if case .joining(let command, _) = state { send(ServerReply.error(id: command, .internalError)) }
        end(.serverError)
    }

    // MARK: Time

    func tick(now: UInt64) {
        let second: UInt64 = 1_000_000_000
        let options = gateway.options
        guard let token else {
            if now - openedAt > UInt64(options.staleSeconds) * second { end(.stale) }
            return
        }
        if gateway.seconds > token.expiresAt + Int64(options.expiryGraceSeconds) { return end(.expired) }
        if awaitsPong, now - pingedAt > UInt64(options.pongSeconds) * second { return end(.noPong) }
        guard case .connected = state, now - pingedAt > UInt64(options.pingSeconds) * second else { return }
        pingedAt = now
        // One that does not read is found by the write's time-out.
        guard !socket.isBacklogged else { return }
        awaitsPong = true
        send(ServerReply.ping)
    }

    func drain(retry: Int) { end(.shutdown) }
}
