import Core
import Live
import RedisLink

@testable import Feed

/// A realtime node: hears messages, keeps their numbers, hands events to its clients.
final class ChannelsWalkNode {
    let name = NodeName.random()
    var numbers = [Int64](repeating: 0, count: ChannelsWalk.partitions)
    var epochs = [UInt64?](repeating: nil, count: ChannelsWalk.partitions)
    var queues = [[NodeMessage]](repeating: [], count: ChannelsWalk.partitions)

    init(_ walk: ChannelsWalk) async throws {
        try await walk.inbox.open(channels(walk))
    }

    func channels(_ walk: ChannelsWalk) -> [String] {
        (0..<ChannelsWalk.partitions).map { walk.channels.timelines.channel(partition: $0, node: name) }
    }
}

/// A subscription: what it holds, and what it was told since it last began anew.
final class ChannelsWalkClient {
    enum State: Equatable {
        /// Two things to do, register and recover; the next is this.
        case joining(step: Int)
        /// Both are done, the client is not told yet.
        case answered
        case live
    }

    let channel: ChannelName
    /// `nil`: it is away.
    var node: ChannelsWalkNode?
    var state = State.joining(step: 0)
    var cursor: LiveCursor?
    /// How many batches had been told when it began anew.
    var base = 0
    var seen: [Int64] = []
    var buffer: [NodeMessage] = []
    var answer: (recovery: ChannelRecovery, batches: Int)?

    init(_ channel: ChannelName) { self.channel = channel }

    func join(_ node: ChannelsWalkNode) {
        self.node = node
        state = .joining(step: 0)
        buffer = []
        answer = nil
    }

    func leave() { node = nil }
}

extension ChannelsWalk {
    // MARK: Connections

    func connect() {
        let node = one(nodes)!
        if let known = one(clients.filter { $0.node == nil }) { return known.join(node) }
        guard clients.count < 10 else { return }
        let client = ChannelsWalkClient(one(names)!)
        clients.append(client)
        client.join(node)
    }

    func disconnect() async throws {
        guard let client = one(clients.filter { $0.node != nil }), let node = client.node else { return }
        client.leave()
        if !clients.contains(where: { $0.node === node && $0.channel == client.channel }) {
            try await again { try await channels.unregister([client.channel], node: node.name) }
        }
    }

    func advance() async throws {
        if let client = one(clients.filter { $0.node != nil && $0.state != .live }) { try await advance(client) }
    }

    func advance(_ client: ChannelsWalkClient) async throws {
        guard let node = client.node else { return }
        switch client.state {
        case .joining(let step):
            client.state = step == 0 ? .joining(step: 1) : .answered
            if (step == 0) == (mutation != .registerFirst) {
                try await register([client.channel], at: node, except: client)
            } else {
                let recovery = try await again { try await channels.recover(client.channel, from: client.cursor) }
                client.answer = (recovery, batches)
                try await checkReset(client, recovery)
            }
        case .answered: try goLive(client)
        case .live: break
        }
    }

    private func register(
        _ names: [ChannelName], at node: ChannelsWalkNode, except: ChannelsWalkClient?
    ) async throws {
        let answers = try await again { try await channels.register(names, node: node.name) }
        for (channel, answer) in zip(names, answers) {
            let partition = channels.partition(of: channel)
            let epoch = answer.partition.cursor.epoch
            let known = node.epochs[partition]
            node.epochs[partition] = epoch
            if let known, known != epoch, mutation != .epoch { resynchronise(node, except: except) { $0 == partition } }
            if !answer.wasRegistered { strike(channel, at: node, except: except) }
        }
    }

    /// The registration was gone: what it should have brought must be read.
    private func strike(_ channel: ChannelName, at node: ChannelsWalkNode, except: ChannelsWalkClient?) {
        for client in clients where client.node === node && client.channel == channel && client !== except {
            tally.strikes += 1
            client.join(node)
        }
    }

    /// A node looks after its registrations.
    func audit(_ node: ChannelsWalkNode) async throws {
        let held = Set(clients.filter { $0.node === node && $0.state != .joining(step: 0) }.map(\.channel))
        if !held.isEmpty { try await register(Array(held), at: node, except: nil) }
    }

    private func goLive(_ client: ChannelsWalkClient) throws {
        guard let (recovery, batches) = client.answer else { return }
        client.answer = nil
        client.state = .live
        if let missed = recovery.missed {
            tally.recovered += missed.count
            for event in missed { try tell(client, event.envelope) }
        } else {
            tally.resets += 1
            client.base = batches
            client.seen = []
        }
        client.cursor = recovery.cursor
        let buffer = client.buffer
        client.buffer = []
        for message in buffer where client.state == .live { try take(message, client) }
    }

    // MARK: Messages

    func beat(_ node: ChannelsWalkNode) async throws {
        _ = try await again {
            try await channels.timelines.beat(node: node.name, partitions: Array(0..<Self.partitions))
        }
    }

    func pump(_ node: ChannelsWalkNode, limit: Int) async throws {
        try await inbox.sync()
        fetch(node)
        for partition in 0..<Self.partitions {
            for _ in 0..<min(limit, node.queues[partition].count) {
                try take(node.queues[partition].removeFirst(), node, partition)
            }
        }
    }

    func fetch(_ node: ChannelsWalkNode) {
        for (partition, channel) in node.channels(self).enumerated() { node.queues[partition] += inbox.take(channel) }
    }

    private func take(_ message: NodeMessage, _ node: ChannelsWalkNode, _ partition: Int) throws {
        let isNext = message.number == node.numbers[partition] + 1
        let isKnown = node.epochs[partition] == nil || node.epochs[partition] == message.epoch
        node.numbers[partition] = message.number
        node.epochs[partition] = message.epoch
        if (!isNext && mutation != .numbers) || (!isKnown && mutation != .epoch) {
            resynchronise(node, except: nil) { $0 == partition }
        }
        guard case .channel(.event(let channel, _)) = message.body else { return }
        for client in clients where client.node === node && client.channel == channel {
            if client.state == .live { try take(message, client) } else { client.buffer.append(message) }
        }
    }

    /// Something was missed: every client of the partition registers and recovers.
    private func resynchronise(
        _ node: ChannelsWalkNode, except: ChannelsWalkClient?, in partition: (Int) -> Bool
    ) {
        tally.gaps += 1
        for client in clients
        where client.node === node && client !== except && partition(channels.partition(of: client.channel)) {
            client.join(node)
        }
    }

    private func take(_ message: NodeMessage, _ client: ChannelsWalkClient) throws {
        guard case .channel(.event(_, let envelope)) = message.body, let cursor = client.cursor,
            message.epoch == cursor.epoch, message.position > cursor.position || mutation == .dropCovered
        else { return }
        tally.pushed += 1
        try tell(client, envelope)
        client.cursor = LiveCursor(epoch: message.epoch, position: message.position)
    }

    // MARK: What must hold

    /// Each event once, in order, and only what was told since the client began anew.
    private func tell(_ client: ChannelsWalkClient, _ envelope: Envelope) throws {
        guard let offset = envelope.number, client.seen.allSatisfy({ $0 < offset }) else {
            throw TimelinesFailure(description: "\(client.channel): \(envelope.requestID) after \(client.seen)")
        }
        guard told[client.channel]!.contains(where: { $0.offset == offset && $0.batch > client.base }) else {
            throw TimelinesFailure(description: "\(client.channel): \(offset) was told before \(client.base)")
        }
        client.seen.append(offset)
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
        guard recovery.missed == nil, let held = client.cursor, held.epoch == recovery.cursor.epoch else { return }
        let marker = try await redis.command("LINDEX", .text(channels.key("o", client.channel)), 0)
        var reader = ByteReader(marker.bytes ?? [])
        guard let horizon = reader.unsigned(width: 7) else { return }
        if held.position >= Int64(horizon) {
            throw TimelinesFailure(description: "\(client.channel): reset at \(held.position), horizon \(horizon)")
        }
    }
}
