public import Core
public import DomainKit
public import Engagement
import Feed
public import HTTPService
public import Posts
public import Store

/// Comments on posts, and replies to them.
public struct CommentsDomain: Domain {
    public static let migrations = CommentsMigrations.all
    public static let liveKinds = KnownKinds(CommentEvent.self)
    public static let liveEvents = CommentNews.components(FeedEvent.channel)

    private let resources: Resources
    private let posts: Posts
    private let likes: Likes

    public init(_ resources: Resources, posts: PostsDomain, engagement: EngagementDomain) {
        (self.resources, self.posts, likes) = (resources, posts.posts, engagement.likes)
    }

    public var countAudits: [CountAudit] {
        [
            Counters.audit("comments", .replies, rows: "comments", by: "post_id", where: Self.isPost) {
                "SELECT count(*) FROM comments m WHERE m.post_id = \($0) AND m.deleted_at IS NULL"
            },
            Counters.audit(
                "replies", .replies, rows: "comment_replies", by: "ancestor_id", where: { "NOT \(Self.isPost($0))" }
            ) {
                """
                SELECT count(*) FROM comment_replies r JOIN comments m ON m.id = r.id
                WHERE r.ancestor_id = \($0) AND m.deleted_at IS NULL
                """
            },
        ]
    }

    @Sendable private static func isPost(_ object: SQL) -> SQL { "EXISTS (SELECT FROM posts p WHERE p.id = \(object))" }

    private var comments: Comments {
        Comments(database: resources.database, ids: resources.ids, likes: likes, clock: resources.clock)
    }

    public var reportTargets: [ReportTarget] {
        [
            ReportTarget("comment") { id in
                "SELECT author_id AS author, text AS copy FROM comments WHERE id = \(id) AND deleted_at IS NULL"
            }
        ]
    }

    public var notifications: [NotificationKind] { CommentNotifications.all }

    public var effects: [ChannelEffect] { CommentEffects(database: resources.connections.workers.database).all }

    public var operations: [Operation] {
        CommentOperations(
            comments: comments, reads: CommentLists(database: resources.database), posts: posts,
            writes: resources.writes, lists: resources.lists, cursors: resources.cursors
        ).all
    }

    public var upkeep: [UpkeepStep] {
        [
            UpkeepStep("drop old rankings of comments") { [database = resources.connections.scans.database] in
                try await database.query(CommentRanking.expired)
            }
        ]
    }

    public var holdings: [Holding] {
        let timelines = FeedDomain.timelines(of: resources, over: resources.connections.scans)
        return CommentsHoldings(channels: Channels(timelines)).all
    }

    public var exports: [ExportedFile] { [CommentsFile.all] }
}
