public import DomainKit
public import EventLog
public import HTTPService
public import Posts
public import Store

/// Hashtags: their pages, and which are popular. Which post has which is kept with the posts (`PostTags`).
public struct TagsDomain: Domain {
    public static let migrations = [
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
            ])
    ]

    private let resources: Resources
    private let posts: PostsDomain

    public init(_ resources: Resources, posts: PostsDomain) {
        (self.resources, self.posts) = (resources, posts)
    }

    public var channels: [ChannelKind] { [.tag] }

    public var operations: [Operation] {
        TagOperations(
            tags: Tags(database: resources.database, rows: posts.posts.rows), lists: resources.lists,
            cursors: resources.cursors
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
