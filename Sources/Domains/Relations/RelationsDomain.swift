public import Accounts
import Core
public import DomainKit
import EventLog
public import HTTPService
public import Store

/// Who follows whom, and users as others see them.
public struct RelationsDomain: Domain {
    public static let migrations = RelationsMigrations.all
    public static let topics = [
        TopicPlan(RelationEvent.topic, retentionHours: 24 * 7),
        // Versions before wrote it, and receipts of erasures name it.
        TopicPlan("notification.requested", retentionHours: 24 * 7),
    ]

    public let graph: Graph
    public let profiles: Profiles
    private let resources: Resources
    private let accounts: AccountsDomain
    /// Who must be told of changes that other domains make.
    public let changes: AudienceChanges

    /// - Parameters:
    ///   - observers: who must know when who sees whom has changed, one after the other.
    ///   - endings: what a block ends, beside follows.
    public init(
        _ resources: Resources, accounts: AccountsDomain, observers: [any AudienceObserver],
        endings: [Graph.Ending] = []
    ) {
        self.resources = resources
        self.accounts = accounts
        changes = AudienceChanges(observers: observers)
        graph = Graph(ids: resources.ids, clock: resources.clock, endings: endings)
        profiles = Profiles(database: resources.database)
    }

    private var requests: OpenRequests {
        OpenRequests(database: resources.database, graph: graph, changes: changes)
    }

    public var operations: [Operation] {
        UserOperations(
            users: accounts.users, names: accounts.accounts.names, profiles: profiles, lists: resources.lists,
            cursors: resources.cursors,
            writes: resources.writes, changes: changes, requests: requests, clock: resources.clock
        ).all
            + FollowOperations(graph: graph, writes: resources.writes, changes: changes).all
            + RestrictionOperations(
                graph: graph, writes: resources.writes, changes: changes, clock: resources.clock
            ).all
            + BellOperations(graph: graph, writes: resources.writes).all
    }

    public var notifications: [NotificationKind] { RelationNotifications.all }

    public var upkeep: [UpkeepStep] {
        let (database, requests) = (resources.connections.scans.database, requests)
        return [
            UpkeepStep("remove mutes that have ended") { try await database.query(Restrictions.expired) },
            UpkeepStep("accept requests to public accounts") { try await requests.acceptAll() },
        ]
    }

    public var holdings: [Holding] {
        [
            .rows("relations", ["owner", "other"]) { "(owner = \($0) OR other = \($0))" },
            .rows("bells", ["author", "user_id"], where: { "user_id = \($0)" }, { "author = \($0)" }),
            .rows("follow_requests", ["target", "asker"]) { "(target = \($0) OR asker = \($0))" },
            Follows.holding,
        ]
    }

    public var exports: [ExportedFile] { RelationFiles.all }

    public var countAudits: [CountAudit] {
        [
            FollowCounts.audit("followers", ofFollowers: true) { "SELECT FROM follows f WHERE f.followee = \($0)" },
            FollowCounts.audit("following", ofFollowers: false) { "SELECT FROM follows f WHERE f.follower = \($0)" },
        ]
    }
}
