public import Accounts
import Core
public import DomainKit
public import EventLog
public import HTTPService
public import Store

/// The feeds: timelines, what is read of them, and how posts come into them.
public struct FeedDomain: Domain {
    public static let migrations = FeedMigrations.all
    public static let topics = [
        TopicPlan(TopicName.chunks, retentionHours: 24), TopicPlan(TopicName.feedUpdated, retentionHours: 24),
    ]

    /// For what a client waits for.
    public let timelines: Timelines
    /// For what may take long.
    private let scans: Timelines
    public let rebuild: FeedRebuild
    public let reader: FeedReader
    public let repair: FeedRepair
    private let resources: Resources
    private let accounts: AccountsDomain
    private let waiter: @Sendable () -> any FeedWaiter

    /// - Parameter waiter: tells long polls that something has come; asked for when the routes are made.
    public init(_ resources: Resources, accounts: AccountsDomain, waiter: @escaping @Sendable () -> any FeedWaiter) {
        self.resources = resources
        self.accounts = accounts
        self.waiter = waiter
        timelines = Self.timelines(of: resources, over: resources.connections.routes)
        scans = Self.timelines(of: resources, over: resources.connections.scans)
        rebuild = FeedRebuild(database: resources.connections.scans.database, timelines: scans)
        reader = FeedReader(database: resources.database, timelines: timelines, rebuild: rebuild)
        repair = FeedRepair(database: resources.database, timelines: timelines)
    }

    private static func timelines(of resources: Resources, over pair: Connections.Pair) -> Timelines {
        Timelines(redis: pair.redis, partitions: resources.partitions)
    }

    public var routes: [Route] {
        FeedRoutes(
            accounts: accounts.accounts, feeds: reader, lists: resources.lists, cursors: resources.cursors,
            waiter: waiter()
        ).routes
    }

    public func consumers(_ log: any EventLog) -> [Consumer] {
        let store = FanOutStore(database: resources.connections.storage)
        let planner = Planner(store: store, log: log)
        let worker = ChunkWorker(
            store: store, timelines: Self.timelines(of: resources, over: resources.connections.workers))
        return [
            Consumer(SubscriptionOptions(group: "planner", topics: [TopicName.postEvents]), isPaced: true) {
                try await planner.handle($0)
            },
            Consumer(SubscriptionOptions(group: "chunks", topics: [TopicName.chunks], batch: 50), isPaced: true) {
                try await worker.handle($0)
            },
        ]
    }

    public var upkeep: [UpkeepStep] {
        let clock = resources.clock
        let repair = FeedRepair(database: resources.connections.scans.database, timelines: scans)
        return [
            UpkeepStep("finish abandoned follows") {
                _ = try await repair.finishAbandoned(now: clock.milliseconds())
            }
        ]
    }
}
