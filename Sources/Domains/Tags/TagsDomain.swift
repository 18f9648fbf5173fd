public import DomainKit
public import EventLog
public import HTTPService
public import Posts
public import Store

/// Hashtags: their pages, which are popular, and who follows which. Which post has which is kept with the posts (`PostTags`).
public struct TagsDomain: Domain {
    public static let topics = [TopicPlan(TagFollowEvent.topic, retentionHours: 24)]
    public static let migrations = [
        Migration(
            95, "follows of hashtags",
            [
                // The key is the order in which a fan-out reads, as that of `follows`.
                """
                CREATE TABLE tag_follows (
                    tag text COLLATE "C" NOT NULL REFERENCES tags,
                    bucket smallint NOT NULL,
                    follower bigint NOT NULL REFERENCES users,
                    -- In the order in which they were made.
                    id bigint NOT NULL,
                    PRIMARY KEY (tag, bucket, follower))
                """,
                "CREATE UNIQUE INDEX tag_follows_by_follower ON tag_follows (follower, tag)",
            ]),
        Migration(
            83, "popular hashtags",
            [
                """
                CREATE TABLE popular_tags (
                    place int PRIMARY KEY,
                    tag text COLLATE "C" NOT NULL,
                    -- In the last 24 hours.
                    posts bigint NOT NULL,
                    users bigint NOT NULL)
                """
            ]),
    ]

    private let resources: Resources
    private let posts: PostsDomain
    private let observers: [any TagFollowObserver]

    public init(_ resources: Resources, posts: PostsDomain, observers: [any TagFollowObserver]) {
        (self.resources, self.posts, self.observers) = (resources, posts, observers)
    }

    public var holdings: [Holding] { [.rows("tag_follows", ["follower"]) { "follower = \($0)" }] }

    public var exports: [ExportedFile] {
        [
            ExportedFile("followed_tags", from: ["tag_follows"]) { user, position, limit in
                """
                SELECT id, tag FROM tag_follows WHERE follower = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
                """
            } line: { row, writer in
                writer.appendBegin(try row.id("id"))
                writer.append(key: "tag", of: try row.text("tag"))
                writer.append(ascii: "}")
            }
        ]
    }

    public var channels: [ChannelKind] { [.tag] }

    public var operations: [Operation] {
        TagOperations(
            tags: Tags(database: resources.database, rows: posts.posts.rows),
            following: TagFollowing(ids: resources.ids, clock: resources.clock), observers: observers,
            writes: resources.writes, lists: resources.lists, cursors: resources.cursors
        ).all
    }

    public func jobs(_ log: any EventLog) -> [Job] {
        let popular = PopularTags(database: resources.connections.scans.database, clock: resources.clock)
        return [
            Job("popular-tags", restSeconds: 60) {
                try await popular.count()
                return .idle
            }
        ]
    }
}
