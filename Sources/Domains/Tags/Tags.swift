import Core
import HTTPService
import Posts
import Store

/// What is read of hashtags.
struct Tags: Sendable {
    let database: Database
    let rows: PostRow

    /// - Throws: `Problem` where no public post has it.
    func view(_ name: String) async throws -> TagView {
        guard let row = try await database.query(PostTags.tag(name)).first else { throw Self.noTag }
        return try TagView(row)
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
    func popular(limit: Int) async throws -> [TagView] {
        try await database.query(PopularTags.list(limit)).map { row in
            try TagView(
                row,
                today: TagView.Today(posts: try row.integer("posts_today"), users: try row.integer("users_today")))
        }
    }
}
