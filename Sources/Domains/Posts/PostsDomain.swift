public import Accounts
public import Core
public import DomainKit
public import EventLog
public import HTTPService
public import Relations
public import Store

/// Posts.
public struct PostsDomain: Domain {
    public static let migrations = PostsMigrations.all
    public static let topics = [TopicPlan(PostEvent.topic, retentionHours: 24 * 7), EngagementTopic.plan]

    public static let liveKinds = KnownKinds(PostEvent.self) + KnownKinds(PostState.self)
    public static let liveEvents = [(type: PostState.counts.rawValue, component: PostCounts.component)]

    public let posts: Posts
    private let resources: Resources
    private let relations: RelationsDomain
    private let feeds: any PostObserver

    /// - Parameters:
    ///   - rows: how posts are read.
    ///   - attachments: what posts may have beside their text.
    ///   - feeds: who shows a post to its author before its answer is read.
    public init(
        _ resources: Resources, rows: PostRow, attachments: [PostAttachment], accounts: AccountsDomain,
        relations: RelationsDomain, feeds: any PostObserver
    ) {
        self.resources = resources
        self.relations = relations
        self.feeds = feeds
        posts = Posts(
            database: resources.database, ids: resources.ids, rows: rows, attachments: attachments,
            users: accounts.users,
            clock: resources.clock)
    }

    public var channels: [ChannelKind] { [.post(posts), .user(relations.profiles)] }

    public var holdings: [Holding] {
        [
            .rows("counters", ["object_id"]) { "object_id IN (SELECT id FROM posts WHERE author_id = \($0))" },
            .rows("post_versions", ["post_id"]) { "post_id IN (SELECT id FROM posts WHERE author_id = \($0))" },
            .rows("open_changes", ["author_id"]) { "author_id = \($0)" }, PostTags.holding, Posts.holding,
        ]
    }

    public func jobs(_ log: any EventLog) -> [Job] {
        let unread = UnreadPosts(database: resources.connections.scans.database, clock: resources.clock)
        return [Job("read-posts", restSeconds: 60) { try await unread.run() }]
    }

    public var exports: [ExportedFile] { [PostsFile.all] }

    public var countAudits: [CountAudit] {
        [
            CountAudit("posts") { position, limit in
                """
                SELECT u.id, u.posts AS counted,
                    (SELECT count(*) FROM posts p WHERE p.author_id = u.id AND p.deleted_at IS NULL) AS found
                FROM users u WHERE u.id > \(position) ORDER BY u.id LIMIT \(limit)
                """
            } repair: {
                "UPDATE users u SET posts = u.posts + w.found - w.counted FROM \($0) w WHERE u.id = w.id"
            }, PostTags.audit,
        ]
    }

    public var notifications: [NotificationKind] { PostNotifications.all }

    public var reportTargets: [ReportTarget] {
        [ReportTarget("post") { "SELECT author_id AS author, text AS copy FROM posts WHERE id = \($0)" }]
    }

    public var operations: [Operation] {
        PostOperations(
            posts: posts, profiles: relations.profiles, writes: resources.writes, lists: resources.lists,
            cursors: resources.cursors, feeds: feeds
        ).all
    }
}
