import Core
import Crypto
import Live
import Runtime
import Sockets

/// A WebSocket that speaks the Centrifugo client protocol. Lives on the gateway's loop.
final class WebSocketClient: LiveClient {
    /// The command whose reply comes when a log has been read. Those behind it wait.
    final class Joining {
        let command: Int64
        let isConnect: Bool
        /// `nil` while the domain is asked whether there may be one.
        var subscriber: Subscriber?
        /// Of `connect` with notifications.
        var notifications: JoiningNotifications?

        init(_ command: Int64, isConnect: Bool = false) {
            self.command = command
            self.isConnect = isConnect
        }
    }

    /// The most commands that may wait for the answer to one before them.
    private static let mostWaiting = ClientFrame.limit
    private static let mostWaitingBytes: Int32 = 65_536

    private let socket: WebSocket
    unowned let gateway: Gateway
    let address: String
    private let name = Base64URL.encode(Crypto.randomBytes(11))
    var joining: Joining?
    private var waiting: [ClientFrame] = []
    /// Replies to commands that came together go out together.
    private var replies: [[UInt8]] = []
    /// `nil` before a good `connect`.
    private(set) var token: HeldToken?
    /// Of commands, replies and pushes.
    let form: LiveForm
    private var isHandling = false
    private var awaitsPong = false
    private var waitingBytes: Int32 = 0
    var slot: Int32 = -1
    /// Before a good `connect`: when it was opened.
    private var pingedAt: UInt64
    private var allowance: MessageAllowance
    private(set) var subscriber: Subscriber?
    var channels: [Subscriber] = []
    var timerPlace = TimerPlace()

    private init(_ socket: WebSocket, _ form: LiveForm, gateway: Gateway, address: String, now: UInt64) {
        self.socket = socket
        self.gateway = gateway
        self.address = address
        self.form = form
        allowance = MessageAllowance(isOn: gateway.options.limitsAreOn)
        socket.maxMessage = ClientFrame.longestFirst
        socket.frameLimit = MessageAllowance.firstFrames
        pingedAt = now
        socket.owner = self
    }

    func drained() { gateway.drained(self) }
    func closed(_ reason: CloseReason) { gateway.closed(self) }

    /// A socket whose handshake is done.
    /// - Parameter address: whose limits count it.
    static func open(_ socket: WebSocket, _ form: LiveForm, on gateway: Gateway, from address: String) {
        guard !gateway.isDraining else { return socket.close(code: Disconnect.shutdown.rawValue, reason: "shutdown") }
        gateway.opened(WebSocketClient(socket, form, gateway: gateway, address: address, now: gateway.now))
    }

    var session: ID { token?.session ?? .zero }
    var user: ID? { token?.subject }
    var transport: any LiveTransport { socket }
    var frames: any FrameSink { socket.frames }
    var isOpen: Bool { !socket.isClosed }

    func reply(_ id: Int64, _ reply: ServerReply) { send(form.encode(reply, to: id)) }

    /// A reply or a push.
    func send(_ message: [UInt8]) {
        replies.append(message)
        if !isHandling { sendReplies() }
    }

    private func sendReplies() {
        guard !replies.isEmpty else { return }
        socket.send(texts: replies, areText: form.isText)
        replies = []
    }

    func end(_ reason: Disconnect) {
        sendReplies()
        socket.close(code: reason.rawValue, reason: reason.reason)
    }

    // MARK: Commands

    func received(_ payload: [UInt8], isText: Bool) {
        if joining != nil || !waiting.isEmpty {
            waitingBytes += Int32(clamping: payload.count)
            guard waitingBytes <= Self.mostWaitingBytes else { return end(.badRequest) }
        }
        guard form == .json || !isText, let frames = ClientFrame.parse(payload, form) else {
            return end(isOtherForm(payload, isText: isText) ? .inappropriateProtocol : .badRequest)
        }
        guard allowance.take(messages: frames.count, bytes: payload.count, now: gateway.now) else {
            return end(.tooManyRequests)
        }
        handle(frames)
    }

    /// Text where protobuf was agreed on, or protobuf where it was not.
    private func isOtherForm(_ payload: [UInt8], isText: Bool) -> Bool {
        isText != form.isText && (isText || ClientFrame.parse(payload, .protobuf) != nil)
    }

    private func handle(_ frames: [ClientFrame]) {
        isHandling = true
        for frame in frames where !socket.isClosed { handle(frame) }
        isHandling = false
        sendReplies()
    }

    private func handle(_ frame: ClientFrame) {
        switch frame.content {
        case .pong: awaitsPong = false
        // Replies come in the order of the commands.
        case _ where joining != nil || !waiting.isEmpty:
            guard waiting.count < Self.mostWaiting else { return end(.badRequest) }
            waiting.append(frame)
        case .malformed:
            if frame.id == 0 { end(.badRequest) } else { reply(frame.id, .failed(.badRequest)) }
        case .command(.send) where token != nil: break
        case .command where frame.id == 0: end(.badRequest)
        case .outdated: end(.inappropriateProtocol)
        case .command(.unknown): reply(frame.id, .failed(.methodNotFound))
        case .command(.connect(let token, let recover, let data)):
            connect(frame.id, token, recover, data)
        case .command(let command):
            guard let token else { return end(.badRequest) }
            handle(command, frame.id, ServerReply.feedChannel(token.subject))
        }
    }

    private func handle(_ command: ClientCommand, _ id: Int64, _ feed: String) {
        switch command {
        case .refresh(let text): refresh(id, text)
        case .ping: reply(id, .ponged)
        case .unavailable: reply(id, .failed(.notAvailable))
        case .subscribe(_, _, hasToken: true): reply(id, .failed(.permissionDenied))
        case .subscribe(let channel, let recover, _) where channel.isExactly(feed): subscribe(id, recover)
        case .subscribe(let channel, _, _) where channel.utf8.starts(with: "feed:".utf8):
            reply(id, .failed(.permissionDenied))
        case .subscribe(let channel, let recover, _): subscribe(id, to: channel, recover)
        case .unsubscribe(let channel):
            if channel.isExactly(feed), let subscriber { gateway.mute(subscriber) } else { drop(channel) }
            // Of a channel without a subscription nothing will come, either.
            reply(id, .unsubscribed)
        case .connect, .send, .unknown: end(.badRequest)
        }
    }

    private func connect(_ id: Int64, _ text: String, _ recover: [ExactText: RecoverRequest], _ data: ConnectData) {
        guard token == nil else { return end(.badRequest) }
        guard !text.isEmpty else { return reply(id, .failed(.unauthorized)) }
        let token: AccessToken
        switch gateway.check(text) {
        case .success(let good): token = good
        case .failure(.expired): return reply(id, .failed(.tokenExpired))
        case .failure(.invalid): return end(.invalidToken)
        }
        guard !gateway.accounts.isSuspended(token.subject) else { return end(.accountSuspended) }
        var since: LiveCursor?
        if let text = data.since {
            since = LiveCursor(LiveCursor.bare(text), user: token.subject, gateway.cursors)
            if since == nil { return reply(id, .failed(.badRequest)) }
        }
        let held = recover[ExactText(ServerReply.feedChannel(token.subject))].map { LiveCursor($0) } ?? since
        let recovered = recover[ExactText(ChannelName.notifications(of: token.subject).description)]
        let isNotified = data.isNotified || recovered != nil
        guard !isNotified || gateway.hasRoom(for: 1, of: token.subject) else {
            return reply(id, .failed(.limitExceeded))
        }
        guard gateway.connect(token.subject) else { return end(.connectionLimit) }
        guard gateway.budget.pay(user: token.subject) == nil else {
            gateway.counts.disconnect(token.subject)
            return reply(id, .failed(.tooManyRequests))
        }
        self.token = HeldToken(token)
        // A random start spreads the pings of clients that came together.
        let now = gateway.now
        pingedAt = now - min(now, .random(in: 0..<UInt64(gateway.options.pingSeconds) * Self.second / 2))
        socket.user = token.subject
        allowance.connected(now: gateway.now)
        socket.maxMessage = ClientFrame.longest
        socket.frameLimit = gateway.options.limitsAreOn ? MessageAllowance.frames : nil
        joining = Joining(id, isConnect: true)
        if isNotified {
            joinWithNotifications(token.subject, from: held, recovered.map { LiveCursor($0) } ?? since)
        } else {
            join(token.subject, from: held)
        }
    }

    /// Again, after `unsubscribe`.
    private func subscribe(_ id: Int64, _ recover: RecoverRequest?) {
        guard let token, let subscriber, subscriber.session.phase == .over else {
            return reply(id, .failed(.alreadySubscribed))
        }
        guard gateway.budget.pay(user: token.subject) == nil else {
            return reply(id, .failed(.tooManyRequests))
        }
        gateway.leave(subscriber)
        joining = Joining(id)
        join(token.subject, from: recover.map { LiveCursor($0) })
    }

    var kind: Subscriber.Kind { .webSocket(form, isDeflated: socket.isDeflated) }

    private func join(_ user: ID, from held: LiveCursor?) {
        gateway.join(self, prepare(user, from: held))
    }

    /// The subscriber of the feed, which joins next.
    func prepare(_ user: ID, from held: LiveCursor?) -> Subscriber {
        let subscriber = Subscriber(
            user: user, kind: kind, sink: frames, owner: self,
            session: LiveSession(from: held, limit: Hub.queueLimit))
        self.subscriber = subscriber
        joining?.subscriber = subscriber
        return subscriber
    }

    private func refresh(_ id: Int64, _ text: String) {
        switch gateway.check(text) {
        case .success(let fresh) where fresh.subject == token?.subject:
            token = HeldToken(fresh)
            reply(id, .refreshed(client: name, ttl: fresh.expiresAt - gateway.seconds))
        case .failure(.expired): reply(id, .failed(.tokenExpired))
        default: end(.invalidToken)
        }
    }

    // MARK: What was read

    func tell(_ outcome: JoinOutcome, of subscriber: Subscriber) -> LiveSession.Telling {
        if let joining, joining.subscriber === subscriber {
            if !begins(joining, with: outcome) { welcome(joining, outcome) }
            return .told
        }
        // Nothing comes before the reply to `connect`.
        guard !socket.isBacklogged, joining?.isConnect != true else { return .refused }
        if case .reset = outcome.verdict {
            if isPersonal(subscriber) { end(.insufficientState) } else { drop(subscriber, .insufficientState) }
            return .told
        }
        let bytes = gateway.hub.encode(outcome.publications, for: subscriber, epoch: outcome.cursor.epoch)
        if !bytes.isEmpty { bytes.withUnsafeBytes { socket.write($0) } }
        return .told
    }

    private func welcome(_ joining: Joining, _ outcome: JoinOutcome) {
        guard let token else { return }
        if joining.isConnect {
            let connected = ServerReply.Connected(
                client: name, user: token.subject, feed: .init(outcome),
                notifications: joining.notifications?.outcome.map { .init($0) }, ttl: token.expiresAt - gateway.seconds,
                pingSeconds: gateway.options.pingSeconds)
            answer(joining, .connected(connected))
            joining.notifications.map(tellNotifications)
        } else {
            answer(joining, .subscribed(.init(outcome)))
        }
    }

    /// Replies to the command that the others wait for. What came meanwhile is handled later, not before the gateway has
    /// this connection live.
    func answer(_ joining: Joining, _ reply: ServerReply) {
        self.joining = nil
        self.reply(joining.command, reply)
        guard !waiting.isEmpty else { return }
        let boxed = LoopBound.holding(self, on: gateway.loop)
        gateway.loop.post {
            let client = boxed.value
            let frames = client.waiting
            client.waiting = []
            client.waitingBytes = 0
            client.handle(frames)
        }
    }

    func joinFailed(_ subscriber: Subscriber) {
        let isJoining = joining?.subscriber === subscriber
        guard subscriber === self.subscriber || joining?.isConnect == true else {
            return channelFailed(subscriber, isJoining: isJoining)
        }
        if isJoining, let joining { reply(joining.command, .failed(.internalError)) }
        end(.serverError)
    }

    // MARK: Time

    func look(now: UInt64) -> UInt64? {
        guard !socket.isClosed else { return nil }
        let options = gateway.options
        guard let token else {
            let stale = pingedAt + UInt64(options.staleSeconds) * Self.second
            return wait(until: stale, now: now, orEnd: .stale)
        }
        let secondsLeft = token.expiresAt + Int64(options.expiryGraceSeconds) - gateway.seconds
        guard secondsLeft >= 0 else { return wait(until: 0, now: now, orEnd: .expired) }
        let expiry = now + UInt64(secondsLeft + 1) * Self.second
        if awaitsPong {
            let pong = pingedAt + UInt64(options.pongSeconds) * Self.second
            return wait(until: min(pong, expiry), now: now, orEnd: .noPong)
        }
        return min(pingIfDue(now: now), expiry)
    }

    private static let second: UInt64 = 1_000_000_000

    private func wait(until time: UInt64, now: UInt64, orEnd reason: Disconnect) -> UInt64? {
        if now < time { return time }
        end(reason)
        return nil
    }

    /// - Returns: when to look for the pong, or again.
    private func pingIfDue(now: UInt64) -> UInt64 {
        let due = pingedAt + UInt64(gateway.options.pingSeconds) * Self.second
        guard now >= due else { return due }
        guard joining == nil else { return now + Self.second }
        pingedAt = now
        gateway.sessions.note(session)
        // One that does not read is found by the write's time-out.
        guard !socket.isBacklogged else { return now + UInt64(gateway.options.pingSeconds) * Self.second }
        awaitsPong = true
        send(form.ping)
        return now + UInt64(gateway.options.pongSeconds) * Self.second
    }

    func drain(retry: Int) { end(.shutdown) }
}

extension LiveCursor {
    /// A position without an epoch, or of a foreign one, is out of every window: that is a reset, not an error.
    init(_ request: RecoverRequest) {
        self.init(epoch: LiveCursor.epoch(named: request.epoch) ?? 0, position: request.offset)
    }
}
