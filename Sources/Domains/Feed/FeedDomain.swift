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

    public let timelines: Timelines
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
        timelines = Timelines(redis: resources.redis, partitions: resources.partitions)
        reader = FeedReader(database: resources.database, timelines: timelines)
        repair = FeedRepair(database: resources.database, timelines: timelines)
    }

    public var routes: [Route] {
        FeedRoutes(
            accounts: accounts.accounts, feeds: reader, lists: resources.lists, cursors: resources.cursors,
            waiter: waiter()
        ).routes
    }

    public func consumers(_ log: any EventLog) -> [Consumer] {
        let store = FanOutStore(database: resources.storage)
        let planner = Planner(store: store, log: log)
        let worker = ChunkWorker(store: store, timelines: timelines)
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
        let (repair, clock) = (repair, resources.clock)
        return [
            UpkeepStep("finish abandoned follows") {
                _ = try await repair.finishAbandoned(now: clock.milliseconds())
            }
        ]
    }
}
