import Core
import Live
import RedisLink
import TestSupport

@testable import Feed

/// A random walk over the life of channels in a real Redis: sources, consumers that die and read again, nodes and clients
/// do something at random at each step, and what each client is told is checked against what happened. Nodes and clients
/// are driven by the shipped rule: hub, sessions, trackers, audit.
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

    /// What goes wrong, at how many of 1,000 steps.
    struct Roughness {
        var flush = 0
        var forget = 0
        var vanish = 0
        var lose = 0
        var drop = 0
        var strike = 0
        var leave = 0
        var deafen = 0
        var stampede = 0

        static let most = Roughness(
            flush: 12, forget: 3, vanish: 15, lose: 20, drop: 10, strike: 30, leave: 20, deafen: 15, stampede: 10)

        /// Turmoil hides faults that show where only one kind of thing goes wrong.
        init(_ random: inout Seeded) {
            guard Bool.random(using: &random) else {
                self = .most
                return
            }
            let all: [WritableKeyPath<Roughness, Int>] = [
                \.flush, \.forget, \.vanish, \.lose, \.drop, \.strike, \.leave, \.deafen, \.stampede,
            ]
            let only = all.randomElement(using: &random)!
            self[keyPath: only] = 2 * Roughness.most[keyPath: only]
        }

        private init(
            flush: Int, forget: Int, vanish: Int, lose: Int, drop: Int, strike: Int, leave: Int, deafen: Int,
            stampede: Int
        ) {
            (self.flush, self.forget, self.vanish, self.lose, self.drop) = (flush, forget, vanish, lose, drop)
            (self.strike, self.leave, self.deafen, self.stampede) = (strike, leave, deafen, stampede)
        }
    }

    static let partitions = 2
    let names = ["post:1", "post:2", "user:3", "tag:한글"].map { ChannelName($0)! }
    let inbox: TimelinesInbox
    let channels: Channels
    let omission: WalkOmission?
    let rules: LiveRules
    let roughness: Roughness
    var random: Seeded
    /// Monotonic nanoseconds.
    var time: UInt64 = 1_000_000_000
    var isSettling = false
    var sources = [Source(name: "test.events/0"), Source(name: "test.events/1")]
    var told: [ChannelName: [Told]] = [:]
    var batches = 0
    var nodes: [WalkNode] = []
    var clients: [ChannelsWalkClient] = []
    var tally = ChannelsTally()

    init(
        seed: UInt64, server: TimelinesServer, inbox: TimelinesInbox, scripts: TimelineScripts,
        without omission: WalkOmission?
    ) {
        random = Seeded(seed)
        roughness = Roughness(&random)
        self.inbox = inbox
        self.omission = omission
        rules = if case .rule(let rule) = omission { LiveRules(without: rule) } else { LiveRules() }
        var options = Channels.Options()
        options.events = 6
        channels = Channels(server.timelines(partitions: Self.partitions, scripts: scripts), options: options)
    }

    var timelines: Timelines { channels.timelines }
    var redis: Redis { timelines.redis }

    func run(steps: Int) async throws {
        for _ in 0..<3 { nodes.append(try await WalkNode(timelines, inbox, rules)) }
        for _ in 0..<steps { try await step() }
        try await failOnceMore()
        try await settle()
        for node in nodes { try await inbox.shut(node.channels(timelines)) }
    }

    func one<T>(_ of: [T]) -> T? { of.randomElement(using: &random) }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func step() async throws {
        time += 10_000_000
        let faults: [(Int, () async throws -> Void)] = [
            (roughness.flush, flush), (roughness.forget, forgetScripts), (roughness.vanish, vanish),
            (roughness.lose, lose), (roughness.drop, dropLog), (roughness.strike, strike), (roughness.leave, leave),
            (roughness.deafen, deafen), (roughness.stampede, stampede),
        ]
        for (per1000, fault) in faults where Int.random(in: 0..<1000, using: &random) < per1000 { try await fault() }
        switch Int.random(in: 0..<100, using: &random) {
        case ..<30: try await bring()
        case ..<33: rewind()
        case ..<42: connect()
        case ..<67: try await advance()
        case ..<71: try await disconnect()
        case ..<76: try await stall()
        case ..<91: try await pump(one(nodes)!, limit: Int.random(in: 1...5, using: &random))
        case ..<94: try await recover(one(nodes)!)
        case ..<97: try await beat(one(nodes)!)
        default: try await audit(one(nodes)!)
        }
        try checkWritten()
    }

    /// What a node asks of Redis, and what may fail.
    func failingWithoutScripts<T>(_ body: () async throws -> T) async throws -> T {
        do {
            let value = try await body()
            // It was done, and the reply came too late.
            if !isSettling, Int.random(in: 0..<1000, using: &random) < roughness.forget { throw WithoutScripts() }
            return value
        } catch is RedisError {
            try await redis.waitUntilConnected(milliseconds: 10_000)
            throw WithoutScripts()
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
    func bring(atLeast least: Int = 0) async throws {
        let index = Int.random(in: sources.indices, using: &random)
        for _ in 0..<Int.random(in: least...(least + 3), using: &random) {
            let offset = Int64(sources[index].events.count)
            let channel = names[2 * index + Int.random(in: 0...1, using: &random)]
            // Clocks differ.
            let event = TestSource.event(offset, age: .random(in: 0...30, using: &random))
            sources[index].events.append((channel, event))
        }
        try await bring(from: index)
    }

    func bring(from index: Int) async throws {
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
    func forget(_ channel: ChannelName?) {
        for index in sources.indices where channel == nil || names[(2 * index)...(2 * index + 1)].contains(channel!) {
            sources[index].next = sources[index].end
            sources[index].floor = sources[index].end
        }
    }
}
