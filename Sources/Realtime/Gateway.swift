import Accounts
import Core
import Crypto
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
    let ticketKey: [UInt8]
    let redis: Redis
    let feeds: FeedReader
    let accounts: Accounts
    let budget: JoinBudget
    private let revocations: Revocations
    private let clock: any WallClock
    let node: LiveNode
    private let sessions: SessionCheck
    private var clients: [ObjectIdentifier: any LiveClient] = [:]
    private let joins: JoinQueue
    private var ticker: LoopTimer?
    private var isFlushing = false
    private var pushLog: [String: (post: ID, recipients: Int)] = [:]
    var idleSince: [ID: UInt64] = [:]
    var polls: [ObjectIdentifier: (session: ID, wake: () -> Void)] = [:]
    private var touchedAt = monotonicNanoseconds()
    private(set) var isDraining = false
    private let metrics = LiveMetrics()
    private let skipped: SkippedEvents

    init(
        loop: EventLoop, options: GatewayOptions, redis: Redis, redisAddress: RedisAddress, feeds: FeedReader,
        accounts: Accounts, revocations: Revocations, cursors: CursorSigner, ticketKey: [UInt8], budget: JoinBudget,
        clock: any WallClock
    ) {
        self.loop = loop
        self.options = options
        self.redis = redis
        self.feeds = feeds
        self.accounts = accounts
        self.revocations = revocations
        self.cursors = cursors
        self.ticketKey = ticketKey
        self.budget = budget
        self.clock = clock
        skipped = SkippedEvents(.node, known: options.liveKinds)
        sessions = SessionCheck(loop: loop, accounts: accounts)
        joins = JoinQueue(limit: options.concurrentJoins, maxWaiting: options.maxConnections)
        hub = Hub(cursors: cursors) { form, length, writer in
            WebSocket.appendFrameHeader(length: length, isText: form.isText, to: &writer)
        }
        node = LiveNode(loop: loop, address: redisAddress, timelines: feeds.timelines)
        node.handlers = LiveNode.Handlers(
            event: { [unowned self] in received($0, at: $1) },
            missed: { [unowned self] in resume($0, before: .max) },
            registered: { [unowned self] in signal($0) },
            lost: { [unowned self] in resume($0, before: $1) },
            connected: { connected in
                Log.info(.nodeListening, ["listening": .text(connected ? "yes" : "no")])
            })
        hub.onMustResume = { [unowned self] subscriber in
            if let client = subscriber.sink as? any LiveClient { rejoin(client) }
        }
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
            guard !revocations.contains(token.session) else { throw .invalid }
            return token
        }
    }

    func hasEnded(_ session: ID) -> Bool { revocations.contains(session) }

    func mayConnect(_ user: ID) -> Bool {
        !isDraining && hub.connections(of: user).count < options.connectionsPerUser
    }

    // MARK: Connections

    /// Keeps the client until it is closed.
    func opened(_ client: any LiveClient) {
        clients[ObjectIdentifier(client)] = client
        gauge(of: client).add(1)
    }

    func closed(_ client: any LiveClient) {
        guard clients.removeValue(forKey: ObjectIdentifier(client)) != nil else { return }
        gauge(of: client).add(-1)
        joins.forget(client)
        if let subscriber = client.subscriber { leave(subscriber) }
    }

    private func gauge(of client: any LiveClient) -> Gauge {
        client.transport is WebSocket ? metrics.webSockets : metrics.streams
    }

    /// The user stays registered for a while: most who go come back.
    func leave(_ subscriber: Subscriber) {
        if hub.remove(subscriber) { idleSince[subscriber.user] = now }
    }

    /// Nothing is told to the client any more, until it joins with another subscriber.
    func mute(_ client: any LiveClient, _ subscriber: Subscriber) {
        joins.forget(client)
        hub.mute(subscriber)
    }

    func drained(_ client: any LiveClient) {
        guard let subscriber = client.subscriber else { return }
        if subscriber.isLive || !joins.isBlocked(client) { hub.drained(subscriber) } else { rejoin(client) }
    }

    // MARK: Joining: register, read what was missed, then go live

    /// - Parameter held: the client's position; `nil`: live from now on.
    func join(_ client: any LiveClient, from held: LiveCursor?) {
        guard let subscriber = client.subscriber else { return }
        hub.add(subscriber)
        idleSince[subscriber.user] = nil
        joins.begin(client)
        startJoin(client, Join(held: held, deadline: now + Self.patience, isCharged: true))
    }

    /// One wish to read what came after a position.
    private struct Join {
        let held: LiveCursor?
        /// When to give up.
        let deadline: UInt64
        /// Whether the client pays for it. What it reads again for our sake is ours.
        let isCharged: Bool
    }

    private static let patience: UInt64 = 10_000_000_000

    /// The client has missed something, or may have.
    private func rejoin(_ client: any LiveClient) {
        guard let subscriber = client.subscriber, !subscriber.isMuted, clients[ObjectIdentifier(client)] != nil else {
            return
        }
        // One read at a time: a second one would tell the same events again.
        guard !joins.isUnderWay(client) else { return joins.askAgain(client, before: .max) }
        hub.beginJoin(subscriber)
        metrics.resumes.add()
        joins.begin(client)
        startJoin(client, Join(held: client.position, deadline: now + Self.patience, isCharged: false))
    }

    /// Does the client still wait for what this join brings?
    private func awaits(_ client: any LiveClient, _ subscriber: Subscriber) -> Bool {
        client.subscriber === subscriber && !subscriber.isMuted && clients[ObjectIdentifier(client)] != nil
    }

    private func startJoin(_ client: any LiveClient, _ join: Join) {
        guard let subscriber = client.subscriber, joins.hasRoom else { return client.joinFailed() }
        joins.run(client, of: subscriber.user) { [unowned self] done in
            register(client, subscriber, join, done)
        }
    }

    private func register(
        _ client: any LiveClient, _ subscriber: Subscriber, _ join: Join, _ done: @escaping () -> Void
    ) {
        guard awaits(client, subscriber) else { return done() }
        // Room first, as for lists: what finds none would be read and paid for in vain.
        guard join.held == nil || client.transport.reserve(options.maxResumed) else {
            done()
            return retryJoin(client, subscriber, join)
        }
        let user = subscriber.user
        node.register(user) { [unowned self] result in
            guard case .success = result else {
                _ = client.transport.reserve(0)
                done()
                return retryJoin(client, subscriber, join)
            }
            let boxed = LoopBound.holding(
                (gateway: self, client: client, subscriber: subscriber, done: done), on: loop)
            // Before requests: who is connected stays so.
            Task(priority: .high) { [feeds, options] in
                let outcome = await JoinOutcome.read(feeds, user, join.held, most: options.maxResumed)
                boxed.run {
                    $0.done()
                    $0.gateway.finishJoin($0.client, $0.subscriber, outcome, join)
                }
            }
        }
    }

    private func finishJoin(
        _ client: any LiveClient, _ subscriber: Subscriber, _ result: Result<JoinOutcome, any Error>, _ join: Join
    ) {
        // It is paid for by one who has gone meanwhile, too.
        if join.isCharged, case .success(let outcome) = result {
            budget.charge(user: subscriber.user, address: client.address, outcome)
        }
        guard awaits(client, subscriber), case .success(let outcome) = result else {
            _ = client.transport.reserve(0)
            return retryJoin(client, subscriber, join)
        }
        if case .reset = outcome { metrics.resets.add() }
        joins.finished(client)
        _ = client.transport.reserve(outcome.size)
        let isTold = client.tell(outcome)
        _ = client.transport.reserve(0)
        guard isTold else { return joins.block(client) }
        if joins.takeRepeat(client) > outcome.cursor.position {
            // What waits in the queue may have a gap before it.
            hub.hold(subscriber, at: outcome.cursor)
            rejoin(client)
        } else if !hub.finishJoin(subscriber, at: outcome.cursor) {
            rejoin(client)
        }
    }

    private func retryJoin(_ client: any LiveClient, _ subscriber: Subscriber, _ join: Join) {
        guard awaits(client, subscriber) else { return }
        guard now < join.deadline else { return client.joinFailed() }
        joins.later(
            client,
            LoopTimer(on: loop, after: .random(in: 100...400)) { [unowned self] in
                startJoin(client, join)
            })
    }

    /// Has all connections of the users read what they missed, but for those whose last read was at the position or later.
    private func resume(_ users: [ID], before position: Int64) {
        for user in users {
            for subscriber in hub.connections(of: user) where !subscriber.isMuted {
                if let client = subscriber.sink as? any LiveClient {
                    if !subscriber.isLive {
                        joins.askAgain(client, before: position)
                    } else if subscriber.cursor.position < position {
                        rejoin(client)
                    }
                } else {
                    hub.signal(subscriber)
                }
            }
        }
    }

    /// Has long polls look again.
    private func signal(_ users: [ID]) {
        for user in users { hub.connections(of: user).forEach(hub.signal) }
    }

    // MARK: Events

    private func received(_ event: NodeEvent, at position: Int64) {
        guard options.liveKinds.contains(event.kind) else {
            return skipped.add(event.kind, at: "request \(event.requestID)")
        }
        let publication = Publication(event: event.json, type: event.kind.name, position: position)
        hub.deliver(SharedFrame(publication), to: event.recipients)
        metrics.pushed.add(event.recipients.count)
        pushLog[event.requestID, default: (event.post ?? .zero, 0)].recipients += event.recipients.count
        guard !isFlushing else { return }
        isFlushing = true
        // Messages that came together go out together: one write for each connection.
        let boxed = LoopBound.holding(self, on: loop)
        loop.post { boxed.value.flush() }
    }

    private func flush() {
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

    private func tick() {
        let now = now
        for client in clients.values { client.tick(now: now) }
        metrics.longestQueue.set(hub.longestQueue)
        let gone = idleSince.filter { now - $0.value > 5_000_000_000 && hub.connections(of: $0.key).isEmpty }.map(\.key)
        for user in gone { idleSince[user] = nil }
        node.unregister(gone)
        keepTimelines(now)
        sessions.ask(clients.values.lazy.map(\.session), polls.values.lazy.map(\.session)) { [unowned self] over in
            revocations.add(over)
            end(sessions: over)
        }
    }

    /// Timelines live on for as long as somebody listens.
    private func keepTimelines(_ now: UInt64) {
        guard now - touchedAt > 6 * 3600 * 1_000_000_000 else { return }
        touchedAt = now
        let users = Array(hub.users)
        Task { [feeds] in try? await feeds.timelines.touch(users) }
    }

    /// They were logged out: their connections end, and their long polls look again.
    func end(sessions: Set<ID>) {
        for poll in polls.values where sessions.contains(poll.session) { poll.wake() }
        for client in clients.values where sessions.contains(client.session) { client.end(.forceDisconnect) }
    }

    /// Tells all clients to come back, spread over the time that the others need to take them.
    func drain() {
        isDraining = true
        let spread = max(1000, clients.count * 1000 / options.returnsPerSecond)
        for client in clients.values { client.drain(retry: .random(in: 200...spread)) }
        signal(Array(hub.users))
    }

    func close() {
        ticker?.cancel()
        node.close()
    }
}

@available(*, unavailable)
extension Gateway: Sendable {}
