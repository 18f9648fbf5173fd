public import Accounts
public import Core
public import DomainKit
public import EventLog
public import Formats
public import HTTPService
public import Posts
import Relations
public import Store
import Tags

/// The feeds: timelines, what is read of them, and how posts come into them.
public struct FeedDomain: Domain {
    public static let migrations = FeedMigrations.all
    public static let topics = [TopicPlan(ChunkEvents.topic, retentionHours: 24)]

    /// Messages to nodes that name what happened: `NodeMessage.Form.envelopes`.
    public static let namedMessages = Format(
        "node-message-2", "messages to realtime nodes: events by name and version")
    public static let formats = [namedMessages]
    public static let liveKinds = KnownKinds(FeedChange.Kind.self)

    /// For what a client waits for.
    public let timelines: Timelines
    /// The same.
    public var channels: Channels { Channels(timelines) }
    public let rebuild: FeedRebuild
    public var reader: FeedReader { reader(over: timelines) }
    /// Of what a client waits for.
    public let repair: FeedRepair
    /// Of what others began.
    private let lateRepair: FeedRepair
    private let resources: Resources
    private let rows: PostRow
    private let accounts: AccountsDomain
    private let events: [(type: String, component: Component)]
    private let ofPosts: [ChannelsOfPosts]
    private let waiter: @Sendable () -> any FeedWaiter

    /// - Parameters:
    ///   - rows: how posts are read.
    ///   - events: what channels tell, beside the feed's own.
    ///   - ofPosts: channels that are open to who sees a post.
    ///   - waiter: tells long polls that something has come; asked for when the operations are made.
    public init(
        _ resources: Resources, rows: PostRow, accounts: AccountsDomain,
        events: [(type: String, component: Component)], ofPosts: [ChannelsOfPosts],
        waiter: @escaping @Sendable () -> any FeedWaiter
    ) {
        self.resources = resources
        self.rows = rows
        self.events = events
        self.ofPosts = ofPosts
        self.accounts = accounts
        self.waiter = waiter
        timelines = Self.timelines(of: resources, over: resources.connections.routes)
        let scans = Self.timelines(of: resources, over: resources.connections.scans)
        rebuild = FeedRebuild(database: resources.connections.scans.database, timelines: scans)
        repair = FeedRepair(database: resources.database, timelines: timelines)
        lateRepair = FeedRepair(database: resources.connections.scans.database, timelines: scans)
    }

    /// One that has its own way to Redis.
    public func reader(over timelines: Timelines) -> FeedReader {
        FeedReader(
            database: resources.database, rows: rows, timelines: timelines, rebuild: rebuild, repair: repair,
            clock: resources.clock)
    }

    public static func timelines(of resources: Resources, over pair: Connections.Pair) -> Timelines {
        var options = Timelines.Options()
        options.form = { [formats = resources.formats] in
            formats.contains(namedMessages) ? .envelopes : .operations
        }
        return Timelines(redis: pair.redis, partitions: resources.partitions, options: options)
    }

    /// For changes of who sees whom.
    public var channelAudience: ChannelAudience {
        ChannelAudience(channels: Channels(timelines), database: resources.database, ofPosts: ofPosts)
    }

    /// The same.
    public var changes: FeedChanges {
        FeedChanges(timelines: timelines, database: resources.database, clock: resources.clock)
    }

    /// For follows of hashtags.
    public var tagChanges: FeedTagChanges {
        FeedTagChanges(timelines: timelines, database: resources.database, changes: changes)
    }

    public var operations: [Operation] {
        FeedOperations(
            components: FeedComponents(channels: events), accounts: accounts.accounts, feeds: reader,
            lists: resources.lists, cursors: resources.cursors,
            waiter: waiter()
        ).all
    }

    private static let planner = SubscriptionOptions(group: "planner", topics: [PostEvent.topic])
    private static let chunks = SubscriptionOptions(group: "chunks", topics: [ChunkEvents.topic], batch: 50)

    public func consumers(_ log: any EventLog) -> [Consumer] {
        let store = FanOutStore(database: resources.connections.storage)
        let planner = Planner(store: store, log: log)
        let timelines = Self.timelines(of: resources, over: resources.connections.workers)
        let worker = ChunkWorker(
            store: store, timelines: timelines)
        let database = resources.connections.workers.database
        let changes = FeedChanges(timelines: timelines, database: database, clock: resources.clock)
        let audience = AudienceWorker(
            ChannelAudience(channels: Channels(timelines), database: database, ofPosts: ofPosts), changes,
            FeedTagChanges(timelines: timelines, database: database, changes: changes))
        let profiles = ProfileWorker(channels: Channels(timelines), database: database)
        let teller = ChannelWorker(
            channels: Channels(timelines), database: database, ofPosts: ofPosts, visibility: store.visibility)
        return [
            Consumer(Self.planner, isPaced: true, failing: .hold) { try await planner.handle($0) },
            Consumer(Self.chunks, isPaced: true, failing: .hold) { try await worker.handle($0) },
            // Nobody waits for it: who is behind is told later.
            Consumer(SubscriptionOptions(group: "channels", topics: [PostEvent.topic])) {
                try await teller.handle($0)
            },
            Consumer(SubscriptionOptions(group: "profiles", topics: [UserEvent.topic])) {
                try await profiles.handle($0)
            },
            Consumer(
                SubscriptionOptions(
                    group: "audience", topics: [RelationEvent.topic, UserEvent.topic, TagFollowEvent.topic], rest: 50)
            ) { try await audience.handle($0) },
        ]
    }

    /// For what nobody waits for.
    private var lateTimelines: Timelines { Self.timelines(of: resources, over: resources.connections.scans) }

    public var holdings: [Holding] { FeedHoldings(timelines: lateTimelines).all }

    public func jobs(_ log: any EventLog) -> [Job] {
        let (clock, timelines) = (resources.clock, lateTimelines)
        let database = resources.connections.scans.database
        let progress = FanOutProgress(
            database: database, log: log, readers: [Self.planner, Self.chunks], clock: clock)
        let lost = LostChanges(database, rows, progress, clock: clock)
        let turn = FeedAuditTurn(
            audit, database: database, clock: resources.monotonicClock,
            hasCaughtUp: progress.isAtRest)
        return [
            Job("trim-changes", restSeconds: 3600) {
                let oldest = clock.milliseconds() * 1000 - Int64(timelines.options.life) * 1_000_000
                _ = try await timelines.trimChanges(before: oldest)
                return .idle
            },
            Job("clear-layouts", restSeconds: 3600) {
                _ = try await timelines.clearEarlier()
                return .idle
            },
            Job("mark-redis", restSeconds: 1) { [mark = redisMark] in
                try await mark.move()
                return .idle
            },
            Job("audit-feeds", restSeconds: 1) {
                try await turn.run()
                return .idle
            },
            Job("sweep-feeds", restSeconds: 5) { [sweep = feedSweep] in
                try await sweep.run()
                return .idle
            },
            Job("find-lost-changes", restSeconds: Double(LostChanges.pace), run: lost.run),
        ]
    }

    private var audit: FeedAudit {
        FeedAudit(database: resources.connections.scans.database, timelines: lateTimelines)
    }

    /// For `martlet audit feeds`.
    /// - Parameter patience: seconds for which a feed must look wrong.
    public func auditRun(patience: Double = 10) -> FeedAuditRun {
        FeedAuditRun(audit, database: resources.connections.scans.database, patience: patience)
    }

    private var redisMark: RedisMark {
        RedisMark(
            database: resources.connections.workers.database,
            timelines: Self.timelines(of: resources, over: resources.connections.workers))
    }

    private var feedSweep: FeedSweep { FeedSweep(database: resources.connections.scans.database) }

    public var upkeep: [UpkeepStep] {
        let (clock, repair) = (resources.clock, lateRepair)
        return [
            UpkeepStep("finish abandoned follows") {
                _ = try await repair.finishAbandoned(now: clock.milliseconds())
            }
        ]
    }
}
