import Core
import Live

@testable import Feed

/// A client of a user: what it holds, what it was told since it last read the whole, and the connection that it has.
final class WalkClient: FrameSink {
    /// A wish of its session that is being fulfilled.
    struct Reading {
        enum Stage { case register, read, tell }

        let read: LiveSession.Read
        var stages: [Stage]
        var outcome: Outcome?
    }

    struct Outcome {
        var events: [TimelinesWalk.Event] = []
        let cursor: LiveCursor
        /// The client must read anew, and finds this.
        var page: [ID]?
    }

    let user: ID
    unowned let walk: TimelinesWalk
    var node: WalkNode?
    var subscriber: Subscriber?
    var reading: Reading?
    var isBacklogged = false
    /// `nil`: must read anew.
    var cursor: LiveCursor?
    /// Where it last read anew; everything after it must have been told.
    var base: LiveCursor?
    var seen: [TimelinesWalk.Event] = []
    /// The posts that it shows.
    var view: Set<ID> = []
    var isWritten = false
    /// What a write had that must not be.
    var failure: TimelinesFailure?

    init(user: ID, walk: TimelinesWalk) {
        self.user = user
        self.walk = walk
    }

    var isLive: Bool { subscriber?.session.phase == .live }

    /// What the hub sends: frames as a WebSocket gets them, of events as `TimelinesWalk.publication` makes them.
    func write(_ bytes: UnsafeRawBufferPointer) {
        isWritten = true
        guard let epoch = subscriber?.cursor.epoch else {
            return failure = TimelinesFailure(description: "user \(user): is told something after the end")
        }
        for text in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            // Behind that of the channel.
            let numbers = text.split { !$0.isNumber }.compactMap { Int64($0) }.dropFirst().map(\.self)
            walk.count(\.pushed)
            let position = LiveCursor(epoch: epoch, position: numbers[3])
            do {
                try walk.tell(
                    self,
                    TimelinesWalk.Event(
                        cursor: position, operation: NodeEvent.Operation(rawValue: UInt8(numbers[0]))!,
                        post: ID(raw: numbers[1]), author: ID(raw: numbers[2])))
            } catch { failure = failure ?? error as? TimelinesFailure }
            cursor = position
        }
    }
}

extension TimelinesWalk {
    // MARK: Connections

    func connect() {
        if let known = one(clients.filter { $0.node == nil }), chance(95) { return connect(known) }
        guard clients.count < 12, let user = one(users) else { return }
        let client = WalkClient(user: user, walk: self)
        clients.append(client)
        connect(client)
    }

    func connect(_ client: WalkClient, to given: WalkNode? = nil) {
        guard let node = given ?? one(nodes) else { return }
        let session = LiveSession(from: client.cursor, limit: 3, rules: rules)
        let subscriber = Subscriber(
            user: client.user, kind: .webSocket(), sink: client, session: session)
        (client.node, client.subscriber, client.isBacklogged) = (node, subscriber, false)
        node.hub.add(subscriber)
        node.audit.add(subscriber.key)
        update(client) { .read($0.begin(now: time)) }
    }

    func disconnect() async throws {
        if let client = one(clients.filter { $0.node != nil }) { try await disconnect(client) }
    }

    func disconnect(_ client: WalkClient) async throws {
        guard let node = client.node, let subscriber = client.subscriber else { return }
        (client.node, client.subscriber, client.reading) = (nil, nil, nil)
        guard node.hub.remove(subscriber) else { return }
        node.trackers[timelines.partitions.of(client.user)].remove(subscriber.key)
        try await orWithoutScripts { try await timelines.unregister([client.user], node: node.name) }
    }

    /// All clients lose their connections and come back.
    func stampede() async throws {
        for client in clients { try await disconnect(client) }
        for client in clients { connect(client) }
    }

    /// A client reads nothing for a while, or reads again.
    func stall() {
        guard let client = one(clients.filter { $0.node != nil }) else { return }
        guard !client.isBacklogged, chance(60) else { return drain(client) }
        client.isBacklogged = true
        // So much that it is too much.
        if chance(30), let author = one(follows[client.user]!.sorted()) { for _ in 0..<5 { post(by: author) } }
    }

    func drain(_ client: WalkClient) {
        client.isBacklogged = false
        update(client) { $0.drained(now: time) }
    }

    // MARK: What its session wants

    func update(_ client: WalkClient, _ change: (inout LiveSession) -> LiveSession.Action) {
        guard let node = client.node, let subscriber = client.subscriber else { return }
        switch node.hub.update(subscriber, change) {
        case .none, .send: break
        case .read(let read), .retry(let read):
            let stages: [WalkClient.Reading.Stage] =
                omission == .registerFirst ? [.read, .register, .tell] : [.register, .read, .tell]
            client.reading = WalkClient.Reading(read: read, stages: stages)
        case .fail:
            // The connection ends, and the client comes back when it likes.
            _ = node.hub.remove(subscriber)
            (client.node, client.subscriber, client.reading) = (nil, nil, nil)
        }
    }

    func advance() async throws {
        if let client = one(clients.filter { $0.reading != nil }) { try await advance(client) }
    }

    func advance(_ client: WalkClient) async throws {
        guard let reading = client.reading, let session = client.subscriber?.session, let node = client.node else {
            return
        }
        // As the gateway, which looks before it begins and when a reply has come.
        guard session.awaits(reading.read) else { return client.reading = nil }
        do {
            switch reading.stages[0] {
            case .register: try await register(client, node)
            case .read: try await read(client)
            case .tell: return try finish(client, reading)
            }
        } catch is WithoutScripts {
            return update(client) { $0.failed(reading.read, now: time) }
        }
        // Others may have begun another one meanwhile.
        if client.reading?.read == reading.read { client.reading?.stages.removeFirst() }
    }

    private func register(_ client: WalkClient, _ node: WalkNode) async throws {
        let partition = timelines.partitions.of(client.user)
        let key = LogKey.feed(of: client.user)
        node.trackers[partition].add(key)
        let known = node.trackers[partition].known(among: [key])
        let state = try await failingWithoutScripts {
            try await timelines.register([client.user], known: known, node: node.name)[0]
        }
        node.trackers[partition].note(key, number: state.number, epoch: state.cursor.epoch)
    }

    private func read(_ client: WalkClient) async throws {
        guard let held = client.reading?.read.held else { return try await readAnew(client) }
        count(\.resumes)
        let result = try await failingWithoutScripts { try await timelines.resume(client.user, from: held) }
        switch result {
        case .missed(let entries, _, let end):
            count(\.missed)
            client.reading?.outcome = WalkClient.Outcome(
                events: entries.map { Self.event($0, end.epoch) }, cursor: end)
        case .reset(let end):
            try await checkReset(client, held, end)
            try await readAnew(client)
        case .missing, .building: try await readAnew(client)
        }
    }

    private func readAnew(_ client: WalkClient) async throws {
        guard !isInRebuild, !isWithoutScripts else { throw WithoutScripts() }
        try await rebuild(client.user)
        let result = try await failingWithoutScripts { try await timelines.page(client.user, limit: 100) }
        guard case .ready(let page) = result else { throw WithoutScripts() }
        client.reading?.outcome = WalkClient.Outcome(cursor: page.cursor, page: page.entries.map(\.post))
    }

    private static func event(_ entry: TimelineEntry, _ epoch: UInt64) -> Event {
        let operation: NodeEvent.Operation =
            entry.isTombstone ? .deleted : entry.flags.contains(.edited) ? .updated : .created
        return Event(
            cursor: LiveCursor(epoch: epoch, position: entry.position), operation: operation, post: entry.post,
            author: entry.author)
    }

    private func finish(_ client: WalkClient, _ reading: WalkClient.Reading) throws {
        client.reading = nil
        guard let outcome = reading.outcome else { return }
        guard !client.isBacklogged else {
            return update(client) { $0.finished(reading.read, at: outcome.cursor, .refused, now: time) }
        }
        if let page = outcome.page {
            count(\.resets)
            client.view = Set(page)
            client.base = outcome.cursor
            client.seen = []
        }
        for event in outcome.events { try tell(client, event) }
        client.cursor = outcome.cursor
        try checkComplete(client)
        update(client) { $0.finished(reading.read, at: outcome.cursor, .told, now: time) }
    }

    func tell(_ client: WalkClient, _ event: Event) throws {
        try checkTold(client, event)
        client.seen.append(event)
        if event.operation == .deleted { client.view.remove(event.post) } else { client.view.insert(event.post) }
    }
}
