import Core
import Live
import RedisLink
import TestSupport

@testable import Feed

/// One part of what nodes do. Tests leave each out and must notice.
enum NodeMutation {
    case numbers, registerFirst, dropCovered, epoch
}

/// A random walk over the life of channels in a real Redis: sources, consumers that die and read again, nodes and clients
/// do something at random at each step, and what each client is told is checked against what happened.
final class ChannelsWalk {
    /// An event that was told, and how many batches had been told before.
    struct Told {
        let offset: Int64
        let batch: Int
    }

    /// A partition of the log with the events of two channels.
    struct Source {
        let name: String
        var events: [(channel: ChannelName, event: ChannelPublication)] = []
        /// What comes next, what has not come yet, and where a consumer that died may begin again.
        var next = 0
        var end = 0
        var floor = 0
    }

    static let partitions = 2
    let names = ["post:1", "post:2", "user:3", "tag:한글"].map { ChannelName($0)! }
    let inbox: TimelinesInbox
    let channels: Channels
    let mutation: NodeMutation?
    var random: Seeded
    var sources = [Source(name: "test.events/0"), Source(name: "test.events/1")]
    var told: [ChannelName: [Told]] = [:]
    var batches = 0
    var nodes: [ChannelsWalkNode] = []
    var clients: [ChannelsWalkClient] = []
    var tally = ChannelsTally()

    init(
        seed: UInt64, server: TimelinesServer, inbox: TimelinesInbox, scripts: TimelineScripts,
        mutation: NodeMutation?
    ) {
        random = Seeded(seed)
        self.inbox = inbox
        self.mutation = mutation
        var options = Channels.Options()
        options.events = 6
        channels = Channels(server.timelines(partitions: Self.partitions, scripts: scripts), options: options)
    }

    var redis: Redis { channels.timelines.redis }

    func run(steps: Int) async throws {
        for _ in 0..<3 { nodes.append(try await ChannelsWalkNode(self)) }
        for _ in 0..<steps { try await step() }
        try await settle()
        for node in nodes { try await inbox.shut(node.channels(self)) }
    }

    func one<T>(_ of: [T]) -> T? { of.randomElement(using: &random) }

    private func step() async throws {
        switch Int.random(in: 0..<1000, using: &random) {
        case ..<12: try await flush()
        case ..<13: _ = try await redis.command("SCRIPT", "FLUSH")
        case ..<28: try await vanish()
        case ..<40: try await lose()
        case ..<50: try await dropLog()
        case ..<60: try await strike()
        case ..<320: try await bring()
        case ..<350: rewind()
        case ..<470: connect()
        case ..<720: try await advance()
        case ..<790: try await disconnect()
        case ..<940: try await pump(one(nodes)!, limit: Int.random(in: 1...5, using: &random))
        case ..<970: try await beat(one(nodes)!)
        default: try await audit(one(nodes)!)
        }
    }

    /// Redis may have forgotten the scripts: then the link is made anew, and nothing of the call was done.
    func again<T>(_ work: () async throws -> T) async throws -> T {
        for _ in 0..<20 {
            do {
                return try await work()
            } catch is RedisError {
                try await redis.waitUntilConnected(milliseconds: 10_000)
            }
        }
        throw TimelinesTestBroken(description: "Redis refuses all")
    }

    // MARK: Events

    /// Something happens, and a consumer tells of it, and of what waits before it.
    private func bring() async throws {
        let index = Int.random(in: sources.indices, using: &random)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let offset = Int64(sources[index].events.count)
            let channel = names[2 * index + Int.random(in: 0...1, using: &random)]
            // Clocks differ.
            let event = TestSource.event(offset, age: .random(in: 0...30, using: &random))
            sources[index].events.append((channel, event))
        }
        try await bring(from: index)
    }

    private func bring(from index: Int) async throws {
        let source = sources[index]
        let records = source.events[source.next...].prefix(Int.random(in: 1...6, using: &random))
        guard !records.isEmpty else { return }
        // The channels of a batch one after the other, for the check; each in one call anyway.
        for channel in Set(records.map(\.channel)).sorted(by: { $0.description < $1.description }) {
            try await tell(records.filter { $0.channel == channel }.map(\.event), on: channel, from: source.name)
        }
        sources[index].next += records.count
        sources[index].end = max(sources[index].end, sources[index].next)
    }

    private func tell(_ events: [ChannelPublication], on channel: ChannelName, from source: String) async throws {
        let isKnown = try await isKnown(channel)
        let counts = try await again { () async throws -> ChannelCounts in
            guard try await channels.known([channel]) == [channel] else { return ChannelCounts() }
            return try await channels.publish(events, on: channel, from: source)
        }
        let last = told[channel]?.last?.offset ?? -1
        let new = isKnown ? events.filter { $0.offset > last } : []
        batches += 1
        told[channel, default: []] += new.map { Told(offset: $0.offset, batch: batches) }
        tally.told += counts.told
        tally.repeated += counts.repeated
        guard counts.told == new.count else {
            throw TimelinesFailure(
                description: "\(channel): \(counts) of \(events.map(\.offset)), known \(isKnown), after \(last)")
        }
    }

    private func isKnown(_ channel: ChannelName) async throws -> Bool {
        try await redis.pipeline([
            ["HEXISTS", .text(channels.heardKey(channel)), .text("\(channel)")],
            ["EXISTS", .text(channels.key("o", channel))],
        ]).contains(.integer(1))
    }

    /// A consumer dies before it can say what it has done.
    private func rewind() {
        let index = Int.random(in: sources.indices, using: &random)
        sources[index].next = Int.random(
            in: max(sources[index].floor, sources[index].next - 12)...sources[index].next, using: &random)
    }

    /// What a log knew of its sources has gone: nothing comes again from before.
    private func forget(_ channel: ChannelName?) {
        for index in sources.indices where channel == nil || names[(2 * index)...(2 * index + 1)].contains(channel!) {
            sources[index].next = sources[index].end
            sources[index].floor = sources[index].end
        }
    }

    // MARK: What goes wrong

    /// Redis loses everything.
    private func flush() async throws {
        _ = try await redis.command("FLUSHALL")
        forget(nil)
    }

    /// A log expires, or Redis drops it though somebody is there.
    private func dropLog() async throws {
        guard let channel = one(names) else { return }
        let isHeard = try await redis.command("HEXISTS", .text(channels.heardKey(channel)), .text("\(channel)"))
        guard isHeard == .integer(0) || Int.random(in: 0..<4, using: &random) == 0 else { return }
        _ = try await redis.command("DEL", .text(channels.key("o", channel)))
        forget(channel)
    }

    /// Registrations are removed behind the nodes' backs.
    private func strike() async throws {
        guard let channel = one(names) else { return }
        _ = try await redis.command("HDEL", .text(channels.heardKey(channel)), .text("\(channel)"))
    }

    /// A message is lost on its way.
    private func lose() async throws {
        try await inbox.sync()
        for node in nodes { fetch(node) }
        let waiting = nodes.flatMap { node in
            (0..<Self.partitions).filter { !node.queues[$0].isEmpty }.map { (node, $0) }
        }
        guard let (node, partition) = one(waiting) else { return }
        node.queues[partition].remove(at: Int.random(in: node.queues[partition].indices, using: &random))
    }

    /// A node is killed; another takes its place, and the clients find themselves offline.
    private func vanish() async throws {
        let index = Int.random(in: nodes.indices, using: &random)
        let gone = nodes[index]
        try await inbox.shut(gone.channels(self))
        for client in clients where client.node === gone { client.leave() }
        nodes[index] = try await ChannelsWalkNode(self)
    }

    /// All that waits is brought; nodes hear it; clients are up to date.
    private func settle() async throws {
        for index in sources.indices {
            while sources[index].next < sources[index].events.count { try await bring(from: index) }
        }
        for round in 0..<50 {
            for node in nodes {
                try await audit(node)
                try await beat(node)
                try await pump(node, limit: .max)
            }
            for client in clients where client.node != nil {
                for _ in 0..<20 where client.state != .live { try await advance(client) }
            }
            if round > 2, clients.allSatisfy({ $0.node == nil || $0.state == .live }) { return try checkEnd() }
        }
        throw TimelinesFailure(description: "the walk does not come to rest")
    }

    private func checkEnd() throws {
        guard inbox.unreadable == 0 else { throw TimelinesFailure(description: "a message that can't be read") }
        for client in clients where client.node != nil { try checkComplete(client) }
    }
}
