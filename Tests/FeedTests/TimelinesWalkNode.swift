import Core
import Live

@testable import Feed

/// A realtime node: hears messages, keeps their numbers, hands events to its clients.
final class WalkNode {
    let name = NodeName.random()
    /// By partition: the last number and the epoch; messages that arrived and are not looked at yet.
    var numbers = [Int64](repeating: 0, count: 2)
    var epochs = [UInt64?](repeating: nil, count: 2)
    var queues = [[NodeMessage]](repeating: [], count: 2)

    init(_ walk: TimelinesWalk) async throws {
        try await walk.inbox.open(channels(walk.timelines))
    }

    func channels(_ timelines: Timelines) -> [String] {
        (0..<2).map { timelines.channel(partition: $0, node: name) }
    }
}

/// A client of a user: what it holds and what it was told since it last read the whole.
final class WalkClient {
    enum State: Equatable {
        case offline
        /// Two things to do, register and read; the next is this.
        case connecting(step: Int)
        /// Both are done, the client is not told yet.
        case answered
        case live
    }

    let user: ID
    var node: WalkNode?
    var state = State.offline
    /// `nil`: must read anew.
    var cursor: LiveCursor?
    /// Where it last read anew; everything after it must have been told.
    var base: LiveCursor?
    var seen: [TimelinesWalk.Event] = []
    /// The posts that it shows.
    var view: Set<ID> = []
    /// What came live while the read was under way.
    var buffer: [NodeMessage] = []
    var answer: (events: [TimelinesWalk.Event], cursor: LiveCursor, page: [ID]?)?

    init(user: ID) { self.user = user }

    func reconnect() {
        state = .connecting(step: 0)
        buffer = []
        answer = nil
    }
}

extension TimelinesWalk {
    // MARK: Connections

    func connect() {
        if let known = one(clients.filter { $0.state == .offline }), chance(95) { return connect(known) }
        guard clients.count < 12, let user = one(users) else { return }
        let client = WalkClient(user: user)
        clients.append(client)
        connect(client)
    }

    func connect(_ client: WalkClient) {
        client.node = one(nodes)
        client.reconnect()
    }

    func disconnect() async throws {
        guard let client = one(clients.filter { $0.state != .offline }), let node = client.node else { return }
        client.state = .offline
        client.node = nil
        if !clients.contains(where: { $0.user == client.user && $0.node === node }) {
            try await timelines.unregister([client.user], node: node.name)
        }
    }

    func advance() async throws {
        let waiting = clients.filter { $0.state != .offline && $0.state != .live }
        if let client = one(waiting) { try await advance(client) }
    }

    func advance(_ client: WalkClient) async throws {
        switch client.state {
        case .connecting(let step):
            let registers = (step == 0) == (mutation != .registerFirst)
            if registers {
                try await register(client)
            } else {
                try await read(client)
                guard client.answer != nil else { return }
            }
            // Others may have sent it back to the start meanwhile.
            if client.state == .connecting(step: step) {
                client.state = step == 0 ? .connecting(step: 1) : .answered
            }
        case .answered: try await goLive(client)
        case .offline, .live: break
        }
    }

    private func register(_ client: WalkClient) async throws {
        guard let node = client.node else { return }
        let epoch = try await timelines.register([client.user], node: node.name)[0].cursor.epoch
        let partition = timelines.partitions.of(client.user)
        let known = node.epochs[partition]
        node.epochs[partition] = epoch
        if let known, known != epoch, mutation != .epoch {
            resynchronise(node, partition, except: client)
        }
    }

    private func read(_ client: WalkClient) async throws {
        client.answer = nil
        if let cursor = client.cursor {
            count(\.resumes)
            switch try await timelines.resume(client.user, from: cursor) {
            case .missed(let entries, let end):
                count(\.missed)
                client.answer = (entries.map { Self.event($0, end.epoch) }, end, nil)
                return
            case .reset(let end): try await checkReset(client, cursor, end)
            case .missing, .building: break
            }
        }
        try await rebuild(client.user)
        guard client.state != .offline, !isInRebuild else { return }
        if case .ready(let page) = try await timelines.page(client.user, limit: 100) {
            client.answer = ([], page.cursor, page.entries.map(\.post))
        }
    }

    private static func event(_ entry: TimelineEntry, _ epoch: UInt64) -> Event {
        let operation: NodeEvent.Operation =
            entry.isTombstone ? .deleted : entry.flags.contains(.edited) ? .updated : .created
        return Event(
            cursor: LiveCursor(epoch: epoch, position: entry.position), operation: operation, post: entry.post,
            author: entry.author)
    }

    private func goLive(_ client: WalkClient) async throws {
        guard let answer = client.answer else { return }
        client.answer = nil
        client.state = .live
        if let page = answer.page {
            count(\.resets)
            client.view = Set(page)
            client.base = answer.cursor
            client.seen = []
        }
        for event in answer.events { try tell(client, event) }
        client.cursor = answer.cursor
        try checkComplete(client)
        let buffer = client.buffer
        client.buffer = []
        for message in buffer where client.state == .live { try take(message, client) }
    }

    // MARK: Messages

    func pump() async throws {
        guard let node = one(nodes) else { return }
        try await pump(node, limit: Int.random(in: 1...6, using: &random))
    }

    func pump(_ node: WalkNode, limit: Int) async throws {
        try await inbox.sync()
        fetch(node)
        for partition in 0..<2 {
            for _ in 0..<min(limit, node.queues[partition].count) {
                try take(node.queues[partition].removeFirst(), node, partition)
            }
        }
    }

    func fetch(_ node: WalkNode) {
        for partition in 0..<2 { node.queues[partition] += inbox.take(node.channels(timelines)[partition]) }
    }

    private func take(_ message: NodeMessage, _ node: WalkNode, _ partition: Int) throws {
        let isNext = message.number == node.numbers[partition] + 1
        let isKnown = node.epochs[partition] == nil || node.epochs[partition] == message.epoch
        node.numbers[partition] = message.number
        node.epochs[partition] = message.epoch
        if (!isNext && mutation != .numbers) || (!isKnown && mutation != .epoch) {
            resynchronise(node, partition, except: nil)
        }
        for client in clients where client.node === node && timelines.partitions.of(client.user) == partition {
            switch client.state {
            case .live: try take(message, client)
            case .connecting, .answered: client.buffer.append(message)
            case .offline: break
            }
        }
    }

    /// Something was missed: every client of the partition registers and resumes.
    private func resynchronise(_ node: WalkNode, _ partition: Int, except: WalkClient?) {
        count(\.gaps)
        for client in clients
        where client.node === node && client !== except && timelines.partitions.of(client.user) == partition {
            client.reconnect()
        }
    }

    private func take(_ message: NodeMessage, _ client: WalkClient) throws {
        guard let cursor = client.cursor else { return }
        let isCovered = message.epoch == cursor.epoch && message.position <= cursor.position
        switch message.body {
        case .probe, .unknown, .channel: break
        case .event(let event) where event.recipients.contains(client.user):
            guard message.epoch == cursor.epoch, !isCovered || mutation == .dropCovered else { return }
            count(\.pushed)
            let position = LiveCursor(epoch: message.epoch, position: message.position)
            try tell(
                client,
                Event(cursor: position, operation: event.operation, post: event.post!, author: event.author))
            client.cursor = position
        case .event(let event): if event.missing.contains(client.user), !isCovered { reset(client) }
        case .reset(let users): if users.contains(client.user), !isCovered { reset(client) }
        }
    }

    private func reset(_ client: WalkClient) {
        if mutation == .reset { return }
        client.cursor = nil
        client.reconnect()
    }

    private func tell(_ client: WalkClient, _ event: Event) throws {
        try checkTold(client, event)
        client.seen.append(event)
        if event.operation == .deleted { client.view.remove(event.post) } else { client.view.insert(event.post) }
    }
}
