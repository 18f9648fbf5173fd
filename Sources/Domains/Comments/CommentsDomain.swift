public import Core
public import DomainKit
public import Engagement
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

    /// Rows `object_id, n`: how many replies posts and comments have, of those that have any, as `Counters` should say.
    public static let countsAudit: SQL = """
        SELECT post_id AS object_id, count(*) AS n FROM comments WHERE deleted_at IS NULL GROUP BY post_id
        UNION ALL
        SELECT r.ancestor_id, count(*) FROM comment_replies r JOIN comments c ON c.id = r.id
        WHERE c.deleted_at IS NULL GROUP BY r.ancestor_id
        """

    private var comments: Comments {
        Comments(database: resources.database, ids: resources.ids, likes: likes, clock: resources.clock)
    }

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

    public var holdings: [Holding] { CommentsHoldings.all }

    public var exports: [ExportedFile] { [CommentsFile.all] }
}
