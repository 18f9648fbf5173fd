public import Accounts
import Core
public import DomainKit
public import EventLog
public import HTTPService
public import Store

/// Who follows whom, and users as others see them.
public struct RelationsDomain: Domain {
    public static let migrations = RelationsMigrations.all
    public static let topics = [
        TopicPlan(RelationEvent.topic, retentionHours: 24 * 7),
        TopicPlan(NotificationEvent.topic, retentionHours: 24 * 7),
    ]

    public let graph: Graph
    public let profiles: Profiles
    private let resources: Resources
    private let accounts: AccountsDomain
    private let feeds: any FollowObserver

    /// - Parameter feeds: who brings feeds in line with a follow.
    public init(_ resources: Resources, accounts: AccountsDomain, feeds: any FollowObserver) {
        self.resources = resources
        self.accounts = accounts
        self.feeds = feeds
        graph = Graph(ids: resources.ids, clock: resources.clock)
        profiles = Profiles(database: resources.database)
    }

    public var operations: [Operation] {
        RelationOperations(
            users: accounts.users, profiles: profiles, graph: graph, writes: resources.writes, lists: resources.lists,
            cursors: resources.cursors, feeds: feeds
        ).all
    }

    public func consumers(_ log: any EventLog) -> [Consumer] {
        let worker = GraphWorker(log: log)
        return [
            Consumer(SubscriptionOptions(group: "graph", topics: [RelationEvent.topic])) {
                try await worker.handle($0)
            }
        ]
    }
}
