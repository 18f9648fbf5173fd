import Core
import Live
import RedisLink

@testable import Feed

/// A subscription: what its client holds, what that was told since it last began anew, and the connection that it has.
final class ChannelsWalkClient: FrameSink {
    /// A wish of its session that is being fulfilled.
    struct Reading {
        enum Stage { case register, read, tell }

        let read: LiveSession.Read
        var stages: [Stage]
        var outcome: (recovery: ChannelRecovery, batches: Int)?
    }

    let channel: ChannelName
    unowned let walk: ChannelsWalk
    /// `nil`: it is away.
    var node: WalkNode?
    var subscriber: Subscriber?
    var reading: Reading?
    var isBacklogged = false
    var cursor: LiveCursor?
    /// How many batches had been told when it began anew.
    var base = 0
    var seen: [Int64] = []
    /// What a write had that must not be.
    var failure: TimelinesFailure?

    init(_ channel: ChannelName, _ walk: ChannelsWalk) {
        self.channel = channel
        self.walk = walk
    }

    var key: LogKey { .channel(channel) }
    var isLive: Bool { subscriber?.session.phase == .live }

    func leave() { (node, subscriber, reading) = (nil, nil, nil) }

    /// What the hub sends: frames as a WebSocket gets them.
    func write(_ bytes: UnsafeRawBufferPointer) {
        guard let epoch = subscriber?.cursor.epoch else {
            return failure = TimelinesFailure(description: "\(channel): is told something after the end")
        }
        for text in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            // Behind what is in the name of the channel.
            let numbers = text.split { !$0.isNumber }.compactMap { Int64($0) }.suffix(2).map(\.self)
            walk.tally.pushed += 1
            do { try walk.tell(self, numbers[0]) } catch { failure = failure ?? error as? TimelinesFailure }
            cursor = LiveCursor(epoch: epoch, position: numbers[1])
        }
    }
}

extension ChannelsWalk {
    // MARK: Connections

    func connect() {
        if let known = one(clients.filter { $0.node == nil }) { return connect(known) }
        guard clients.count < 10 else { return }
        let client = ChannelsWalkClient(one(names)!, self)
        clients.append(client)
        connect(client)
    }

    func connect(_ client: ChannelsWalkClient, to given: WalkNode? = nil) {
        guard let node = given ?? one(nodes) else { return }
        let subscriber = Subscriber(
            user: ID(raw: 1), channel: client.channel, kind: .webSocket(), sink: client,
            session: LiveSession(from: client.cursor, limit: 3, rules: rules))
        (client.node, client.subscriber, client.isBacklogged) = (node, subscriber, false)
        node.hub.add(subscriber)
        node.audit.add(subscriber.key)
        update(client) { .read($0.begin(now: time)) }
    }

    func disconnect() async throws {
        if let client = one(clients.filter { $0.node != nil }) { try await disconnect(client) }
    }

    func disconnect(_ client: ChannelsWalkClient) async throws {
        guard let node = client.node, let subscriber = client.subscriber else { return }
        client.leave()
        guard node.hub.remove(subscriber) else { return }
        node.trackers[channels.partition(of: client.channel)].remove(client.key)
        do { try await channels.unregister([client.channel], node: node.name) } catch is RedisError {
            try await redis.waitUntilConnected(milliseconds: 10_000)
        }
    }

    // MARK: What its session wants

    func update(_ client: ChannelsWalkClient, _ change: (inout LiveSession) -> LiveSession.Action) {
        guard let node = client.node, let subscriber = client.subscriber else { return }
        switch node.hub.update(subscriber, change) {
        case .none, .send: break
        case .read(let read), .retry(let read):
            client.reading = ChannelsWalkClient.Reading(
                read: read,
                stages: omission == .registerFirst ? [.read, .register, .tell] : [.register, .read, .tell])
        case .fail:
            // The subscription ends, and the client comes back when it likes.
            _ = node.hub.remove(subscriber)
            client.leave()
        }
    }

    func advance() async throws {
        if let client = one(clients.filter { $0.reading != nil }) { try await advance(client) }
    }

    func advance(_ client: ChannelsWalkClient) async throws {
        guard let reading = client.reading, let session = client.subscriber?.session, let node = client.node else {
            return
        }
        // As the gateway, which looks before it begins and when a reply has come.
        guard session.awaits(reading.read) else { return client.reading = nil }
        do {
            switch reading.stages[0] {
            case .register: try await register(client, node)
            case .read:
                let recovery = try await failingWithoutScripts {
                    try await channels.recover(client.channel, from: reading.read.held)
                }
                try await checkReset(client, recovery)
                client.reading?.outcome = (recovery, batches)
            case .tell: return try finish(client, reading)
            }
        } catch is WithoutScripts {
            return update(client) { $0.failed(reading.read, now: time) }
        }
        // Others may have begun another one meanwhile.
        if client.reading?.read == reading.read { client.reading?.stages.removeFirst() }
    }

    private func register(_ client: ChannelsWalkClient, _ node: WalkNode) async throws {
        node.trackers[channels.partition(of: client.channel)].add(client.key)
        let known = known(among: [client.key], node)
        let registration = try await failingWithoutScripts {
            try await channels.register([client.channel], known: known, node: node.name)[0]
        }
        if !registration.wasRegistered, !known.isEmpty { tally.strikes += 1 }
        note(registration, of: client.key, node)
    }

    private func finish(_ client: ChannelsWalkClient, _ reading: ChannelsWalkClient.Reading) throws {
        client.reading = nil
        guard let (recovery, batches) = reading.outcome else { return }
        guard !client.isBacklogged else {
            return update(client) { $0.finished(reading.read, at: recovery.cursor, .refused, now: time) }
        }
        if let missed = recovery.missed {
            tally.recovered += missed.count
            for event in missed { try tell(client, event.envelope.number ?? -1) }
        } else {
            tally.resets += 1
            client.base = batches
            client.seen = []
        }
        client.cursor = recovery.cursor
        update(client) { $0.finished(reading.read, at: recovery.cursor, .told, now: time) }
    }

    // MARK: What must hold

    /// Each event once, in order, nothing left out before it, and only what was told since the client began anew.
    func tell(_ client: ChannelsWalkClient, _ offset: Int64) throws {
        let expected = told[client.channel]!.first { $0.batch > client.base && $0.offset > client.seen.last ?? -1 }
        guard offset == expected?.offset else {
            throw TimelinesFailure(
                description:
                    "\(client.channel): \(offset) in place of \(expected?.offset ?? -1), after \(client.seen)")
        }
        client.seen.append(offset)
    }

    func checkWritten() throws {
        for client in clients { if let failure = client.failure { throw failure } }
    }

    /// Everything since it began anew.
    func checkComplete(_ client: ChannelsWalkClient) throws {
        let missing = (told[client.channel] ?? []).filter { $0.batch > client.base && !client.seen.contains($0.offset) }
        if !missing.isEmpty {
            throw TimelinesFailure(description: "\(client.channel): \(missing) missed, base \(client.base)")
        }
    }

    /// A reset needs a reason: another epoch, no log, or one that does not reach back to what is held.
    private func checkReset(_ client: ChannelsWalkClient, _ recovery: ChannelRecovery) async throws {
        guard recovery.missed == nil, let held = client.reading?.read.held, held.epoch == recovery.cursor.epoch
        else { return }
        let marker = try await redis.command("LINDEX", .text(channels.key("o", client.channel)), 0)
        var reader = ByteReader(marker.bytes ?? [])
        guard let horizon = reader.unsigned(width: 7) else { return }
        if held.position >= Int64(horizon) {
            throw TimelinesFailure(description: "\(client.channel): reset at \(held.position), horizon \(horizon)")
        }
    }
}
