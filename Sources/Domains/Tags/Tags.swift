import Core
import HTTPService
import Posts
import Store

/// What is read of hashtags.
struct Tags: Sendable {
    let database: Database
    let rows: PostRow

    /// - Parameter reader: `nil`: not signed in.
    /// - Throws: `Problem` where no public post has it, and the reader does not follow it.
    func view(_ name: String, to reader: ID?) async throws -> TagView {
        let followed = TagFollows.exists("t.name", for: SQL.parameter(reader))
        let found = try await database.query(
            """
            SELECT * FROM (SELECT t.*, \(followed) AS followed FROM (\(PostTags.all)) t WHERE t.name = \(name)) t
            WHERE posts > 0 OR followed
            """)
        guard let row = found.first else { throw Self.noTag }
        return try TagView(row, to: reader)
    }

    static let noTag = Problem(.notFound, "no post has this tag")

    /// Public posts with the tag that the reader sees, newest first, below an id; not more than `PostBytes.mostRead` has room
    /// for, and one more.
    /// - Parameter reader: `nil`: not signed in.
    func posts(with name: String, to reader: ID?, below: ID, limit: Int) async throws -> [PostView] {
        let reader = SQL.parameter(reader)
        let posts: SQL = """
            SELECT \(rows.columns(for: reader)) FROM \(PostTags.table) JOIN (\(PostRow.table)) ON p.id = t.post_id
            WHERE t.tag = \(name) AND t.post_id < \(below) AND \(PostVisibility.sql("p", to: reader))
            ORDER BY t.post_id DESC LIMIT \(limit)
            """
        return try await database.query(PostRow.first(of: posts, in: "id DESC", atMost: PostBytes.mostRead))
            .map { try rows.view($0) }
    }

    /// The most popular first.
    func popular(to reader: ID?, limit: Int) async throws -> [TagView] {
        try await database.query(PopularTags.list(limit, to: SQL.parameter(reader))).map { row in
            try TagView(
                row, to: reader,
                today: TagView.Today(posts: try row.integer("posts_today"), users: try row.integer("users_today")))
        }
    }
}
