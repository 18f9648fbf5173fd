import Core
public import DomainKit
public import EventLog
public import HTTPService
import Live
public import Posts
public import Relations
public import Store

/// What people do to posts that leaves them as they are: likes and views.
public struct EngagementDomain: Domain {
    public static let migrations = EngagementMigrations.all

    public static let fact = PostFact.flag("liked") { post, reader in Likes.isLiked("\(post).id", by: reader) }

    /// For domains whose things may be liked, too.
    public let likes: Likes
    private let resources: Resources
    private let posts: PostsDomain
    private let profiles: Profiles
    private let views: Views

    public init(_ resources: Resources, relations: RelationsDomain, posts: PostsDomain) {
        (self.resources, self.posts) = (resources, posts)
        profiles = relations.profiles
        likes = Likes(ids: resources.ids)
        views = Views(
            database: resources.database, redis: resources.connections.routes.redis, clock: resources.clock)
    }

    private var postLikes: PostLikes {
        PostLikes(likes: likes, posts: posts.posts, profiles: profiles, clock: resources.clock)
    }

    public var operations: [Operation] {
        EngagementOperations(
            likes: postLikes, views: views, writes: resources.writes, lists: resources.lists,
            cursors: resources.cursors
        ).all
    }

    public var effects: [ChannelEffect] {
        EngagementEvent.allCases.map { event in
            ChannelEffect(event.kind, .state) { $0[.post].map(ChannelName.post) }
        }
    }

    public func jobs(_ log: any EventLog) -> [Job] {
        let views = Views(
            database: resources.connections.scans.database, redis: resources.connections.scans.redis,
            clock: resources.clock)
        return [
            Job("fold-views", restSeconds: 3600) {
                try await views.fold()
                return .idle
            }
        ]
    }

    public var holdings: [Holding] { EngagementHoldings(likes: postLikes, views: views).all }

    public var notifications: [NotificationKind] { [LikeNotifications.ofPosts] }

    public var countAudits: [CountAudit] {
        [
            Counters.audit("likes", .likes, rows: "likes", by: "object_id") {
                "SELECT count(*) FROM likes l WHERE l.object_id = \($0)"
            }
        ]
    }

    public var exports: [ExportedFile] {
        [
            ExportedFile("likes", from: ["likes"]) { user, position, limit in
                """
                SELECT id, object_id FROM likes WHERE user_id = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
                """
            } line: { row, writer in
                writer.appendBegin(try row.id("id"))
                writer.append(key: "object_id", of: try row.id("object_id").description)
                writer.append(ascii: "}")
            }
        ]
    }
}
