import Core
public import DomainKit
public import HTTPService
public import Posts
public import Store

/// Posts that a reader wants to find again. Nobody else sees them, and no event tells of them.
public struct BookmarksDomain: Domain {
    public static let migrations = [
        Migration(
            18, "bookmarks",
            [
                """
                CREATE TABLE bookmarks (
                    user_id bigint NOT NULL REFERENCES users,
                    post_id bigint NOT NULL REFERENCES posts,
                    -- In the order in which they were made.
                    id bigint NOT NULL,
                    PRIMARY KEY (user_id, post_id))
                """,
                "CREATE UNIQUE INDEX bookmarks_by_user ON bookmarks (user_id, id DESC) INCLUDE (post_id)",
            ]),
        // For a post that goes.
        Migration(46, "bookmarks by post", ["CREATE INDEX IF NOT EXISTS bookmarks_by_post ON bookmarks (post_id)"]),
    ]

    public static let fact = PostFact.flag("bookmarked") { post, reader in
        "EXISTS (SELECT FROM bookmarks b WHERE b.user_id = \(reader) AND b.post_id = \(post).id)"
    }

    private let resources: Resources
    private let posts: PostsDomain

    public init(_ resources: Resources, posts: PostsDomain) {
        (self.resources, self.posts) = (resources, posts)
    }

    /// The user's, and others' of the user's posts.
    public var holdings: [Holding] {
        [
            .rows(
                "bookmarks", ["user_id", "post_id"], where: { "user_id = \($0)" },
                { "post_id IN (SELECT id FROM posts WHERE author_id = \($0))" })
        ]
    }

    public var exports: [ExportedFile] {
        [
            ExportedFile("bookmarks", from: ["bookmarks"]) { user, position, limit in
                """
                SELECT id, post_id FROM bookmarks WHERE user_id = \(user) AND id > \(position) ORDER BY id LIMIT \(limit)
                """
            } line: { row, writer in
                writer.appendBegin(try row.id("id"))
                writer.append(key: "post_id", of: try row.id("post_id").description)
                writer.append(ascii: "}")
            }
        ]
    }

    public var operations: [Operation] {
        BookmarkOperations(
            bookmarks: Bookmarks(ids: resources.ids), posts: posts.posts, writes: resources.writes,
            lists: resources.lists, cursors: resources.cursors
        ).all
    }
}
