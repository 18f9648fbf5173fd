import Accounts
import Core
import Crypto
import Deflate
import Feed
import Live
import RedisLink
import Runtime
import Sockets

/// The role `realtime` on one loop: holds the live connections, hears of events, and sees to it that each connection
/// gets each event once. Lives on its loop; `LiveService` is its handle for other threads.
final class Gateway {
    let loop: EventLoop
    let options: GatewayOptions
    let hub: Hub
    let cursors: CursorSigner
    let redis: Redis
    let feeds: FeedReader
    let accounts: Accounts
    let budget: JoinBudget
    let reader: LogReader
    let room = ReadRoom()
    private let revocations: Revocations
    private let clock: any WallClock
    let node: LiveNode
    let sessions: SessionCheck
    private(set) var clients = ClientList()
    let joins: JoinQueue
    /// Those that wait for their turn, of gaps.
    var reads: [SharedRead.Key: SharedRead] = [:]
    /// The subscribers whose reads are among them: what is found to be missing now, they will find.
    var mustRead: Set<ObjectIdentifier> = []
    private var ticker: LoopTimer?
    private let endOfAll = SpreadEnd()
    private let times: ClientTimes
    private var isFlushing = false
    private var pushLog: [String: (post: ID, recipients: Int)] = [:]
    var idleSince: [LogKey: UInt64] = [:]
    /// Over all loops.
    let counts: LiveCounts
    /// Of those who have channels, where there are any.
    var hiddenAuthors: [ID: HiddenAuthors] = [:]
    /// By their subscriber of the feed.
    var polls: [ObjectIdentifier: Poll] = [:]
    private var touchedAt = monotonicNanoseconds()
    private(set) var isDraining = false
    let metrics = LiveMetrics()
    var feedAudit: LiveAudit
    var channelAudit: LiveAudit
    let skipped: SkippedEvents

    init(
        loop: EventLoop, options: GatewayOptions, redis: Redis, redisAddress: RedisAddress, feeds: FeedReader,
        accounts: Accounts, revocations: Revocations, cursors: CursorSigner, budget: JoinBudget,
        counts: LiveCounts, clock: any WallClock
    ) {
        self.loop = loop
        self.options = options
        self.redis = redis
        self.feeds = feeds
        reader = LogReader(feeds: feeds, options)
        self.accounts = accounts
        self.revocations = revocations
        self.cursors = cursors
        self.budget = budget
        self.counts = counts
        self.clock = clock
        times = ClientTimes(loop: loop)
        skipped = SkippedEvents(.node, known: options.liveKinds)
        feedAudit = LiveAudit(seconds: options.auditSeconds)
        channelAudit = LiveAudit(seconds: min(options.auditSeconds, reader.channelLife / 3))
        sessions = SessionCheck(loop: loop, accounts: accounts)
        joins = JoinQueue(limit: max(8, options.concurrentJoins / options.loops), maxWaiting: options.maxConnections)
        hub = Hub(cursors: cursors, deflation: options.deflates ? .permessage : nil) { form, length, writer in
            WebSocket.appendFrameHeader(length: length, isText: form.isText, to: &writer)
        }
        node = LiveNode(loop: loop, address: redisAddress, timelines: feeds.timelines)
        node.handlers = LiveNode.Handlers(
            event: { [unowned self] in received($0, at: $1) },
            channel: { [unowned self] in received($0, at: $1) },
            missed: { [unowned self] in miss($0, before: $1) },
            registered: { [unowned self] in signal($0) },
            connected: { connected in
                Log.info(.nodeListening, ["listening": .text(connected ? "yes" : "no")])
            })
        ticker = LoopTimer(on: loop, after: 1000, repeating: 1000) { [unowned self] in tick() }
    }

    var now: UInt64 { monotonicNanoseconds() }
    /// Since 1970.
    var seconds: Int64 { clock.milliseconds() / 1000 }
    var isListening: Bool { node.isListening }

    /// A good token of a session that has not ended.
    func check(_ token: String) -> Result<AccessToken, TokenFailure> {
        Result { () throws(TokenFailure) in
            let token = try accounts.verify(token)
            guard !revocations.contains(token.session), !token.isLeaving else { throw .invalid }
            return token
        }
    }

    func hasEnded(_ session: ID) -> Bool { revocations.contains(session) }

    /// - Returns: false when the user may have no more connections; otherwise `LiveCounts.disconnect` must follow, which
    ///   `closed` does for a client that has a subscriber.
    func connect(_ user: ID) -> Bool { !isDraining && counts.connect(user, atMost: options.connectionsPerUser) }

    // MARK: Connections

    /// Keeps the client until it is closed.
    func opened(_ client: any LiveClient) {
        clients.add(client)
        gauge(of: client).add(1)
        times.look(at: client, now)
    }

    func closed(_ client: any LiveClient) {
        guard clients.remove(client) else { return }
        gauge(of: client).add(-1)
        times.stop(client)
        if let subscriber = client.subscriber {
            leave(subscriber)
            counts.disconnect(subscriber.user)
        }
        for subscriber in client.channels { leaveChannel(subscriber) }
    }

    private func gauge(of client: any LiveClient) -> Gauge {
        client.transport is WebSocket ? metrics.webSockets : metrics.streams
    }

    /// The log stays registered for a while: most who go come back.
    func leave(_ subscriber: Subscriber) {
        joins.forget(subscriber)
        if hub.remove(subscriber) { idleSince[subscriber.key] = now }
    }

    /// Nothing is told to the client any more, until it joins with another subscriber.
    func mute(_ subscriber: Subscriber) {
        joins.forget(subscriber)
        hub.mute(subscriber)
    }

    func drained(_ client: any LiveClient) {
        let now = now
        if let subscriber = client.subscriber { update(client, subscriber) { $0.drained(now: now) } }
        for subscriber in client.channels { update(client, subscriber) { $0.drained(now: now) } }
    }

    /// Has long polls look again.
    private func signal(_ keys: [LogKey]) {
        for key in keys { hub.subscribers(of: key).forEach(hub.signal) }
    }

    // MARK: Events

    private func received(_ event: NodeEvent, at position: Int64) {
        guard options.liveKinds.contains(event.kind) else {
            skipped.add(event.kind, at: "request \(event.requestID)")
            hub.deliver(SharedFrame(silentAt: position), toFeedsOf: event.recipients)
            return flushSoon()
        }
        let publication = Publication(event: event.json, type: event.kind.name, position: position)
        hub.deliver(SharedFrame(publication), toFeedsOf: event.recipients)
        delivered(event.requestID, post: event.post, to: event.recipients.count)
    }

    /// An event was handed to so many connections.
    func delivered(_ requestID: String, post: ID?, to count: Int) {
        metrics.pushed.add(count)
        pushLog[requestID, default: (post ?? .zero, 0)].recipients += count
        flushSoon()
    }

    func flushSoon() {
        guard !isFlushing else { return }
        isFlushing = true
        // Messages that came together go out together: one write for each connection.
        let boxed = LoopBound.holding(self, on: loop)
        loop.post { boxed.value.flush() }
    }

    /// What was delivered goes out now.
    func flush() {
        isFlushing = false
        hub.flush()
        for (requestID, push) in pushLog {
            Log.info(
                .eventPushed,
                [
                    "request_id": .text(requestID), "post": .text(push.post.description),
                    "recipients": .number(Int64(push.recipients)),
                ])
        }
        pushLog.removeAll(keepingCapacity: true)
    }

    // MARK: Time

    /// What does not grow with the connections that are idle.
    private func tick() {
        let now = now
        metrics.longestQueue.set(hub.longestQueue())
        let gone = idleSince.filter { now - $0.value > 5_000_000_000 && !hub.hasSubscribers(of: $0.key) }.map(\.key)
        for key in gone { idleSince[key] = nil }
        node.unregister(gone)
        keepTimelines(now)
        audit(now)
        sessions.ask(polls.values.lazy.map(\.session)) { [unowned self] over in
            revocations.add(over)
            end(sessions: over)
        }
    }

    /// Timelines live on for as long as somebody listens.
    private func keepTimelines(_ now: UInt64) {
        guard now - touchedAt > 6 * 3600 * 1_000_000_000 else { return }
        touchedAt = now
        let users = hub.keys.users
        Task { [feeds] in try? await feeds.timelines.touch(users) }
    }

    /// They were logged out: their connections end, and their long polls look again.
    func end(sessions: Set<ID>) {
        for poll in polls.values where sessions.contains(poll.session) { poll.news.wakeup.signal() }
        for client in clients.all where sessions.contains(client.session) { client.end(.forceDisconnect) }
    }

    /// All sessions up to this one have ended. Their connections end bit by bit, within ten seconds, so that not all come back at once;
    /// whatever they ask for meanwhile is refused.
    func end(upTo last: ID) {
        endOfAll.begin(on: loop) { [unowned self] share in
            for poll in polls.values where poll.session <= last && share.isTaken { poll.news.wakeup.signal() }
            for client in clients.all where client.session <= last && share.isTaken { client.end(.forceDisconnect) }
        }
    }

    /// Their connections end; long polls are reads.
    func end(suspended users: Set<ID>) {
        for client in clients.all where client.user.map(users.contains) ?? false { client.end(.accountSuspended) }
    }

    /// Tells all clients to come back, spread over the time that the others need to take them.
    func drain() {
        isDraining = true
        let spread = max(1000, clients.count * options.loops * 1000 / options.returnsPerSecond)
        for client in clients.all { client.drain(retry: .random(in: 200...spread)) }
        signal(hub.keys)
    }

    func close() {
        ticker?.cancel()
        endOfAll.cancel()
        times.close()
        node.close()
    }
}

@available(*, unavailable)
extension Gateway: Sendable {}

extension PushDeflation {
    fileprivate static var permessage: PushDeflation {
        let deflater = Deflater()
        return PushDeflation(compress: { deflater.compress($0) }, storedHeader: Deflater.storedHeader) {
            WebSocket.appendFrameHeader(length: $1, isText: $0.isText, isDeflated: true, to: &$2)
        }
    }
}
