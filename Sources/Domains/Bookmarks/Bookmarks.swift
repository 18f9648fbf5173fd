import Core
import HTTPService
import Posts
import Store

/// Who wants to find which posts again.
struct Bookmarks: Sendable {
    let database: Database
    let ids: IDGenerator
    let rows: PostRow

    /// A post that is there already keeps its place.
    /// - Throws: `Problem` where the reader does not see the post.
    func add(_ transaction: Transaction, post: ID, for reader: ID) async throws {
        let results = try await transaction.batch([
            "SELECT p.id FROM posts p WHERE p.id = \(post) AND \(PostVisibility.sql("p", to: "\(reader)"))",
            """
            INSERT INTO bookmarks (user_id, post_id, id)
            SELECT \(reader)::bigint, p.id, \(try ids.next())::bigint FROM posts p
            WHERE p.id = \(post) AND \(PostVisibility.sql("p", to: "\(reader)"))
            ON CONFLICT (user_id, post_id) DO NOTHING
            """,
        ])
        guard !results[0].isEmpty else { throw Posts.noPost(post) }
    }

    func remove(_ transaction: Transaction, post: ID, for reader: ID) async throws {
        try await transaction.query("DELETE FROM bookmarks WHERE user_id = \(reader) AND post_id = \(post)")
    }

    /// Those whose posts the reader still sees, newest bookmark first, below a bookmark's id; not more than
    /// `PostBytes.mostRead` has room for, and one more.
    func list(of reader: ID, below: ID, limit: Int) async throws -> [(post: PostView, bookmark: ID)] {
        let reader = SQL.parameter(reader)
        return try await database.query(
            """
            SELECT * FROM (
                SELECT *, sum(octet_length(text)) OVER (ORDER BY bookmark DESC) - octet_length(text) AS before
                FROM (
                    SELECT \(rows.columns(for: reader)), b.id AS bookmark
                    FROM bookmarks b JOIN (\(PostRow.table)) ON p.id = b.post_id
                    WHERE b.user_id = \(reader) AND b.id < \(below) AND \(PostVisibility.sql("p", to: reader))
                    ORDER BY b.id DESC LIMIT \(limit)) l
            ) s
            WHERE before < \(PostBytes.mostRead) ORDER BY bookmark DESC
            """
        ).map { (try rows.view($0), try $0.id("bookmark")) }
    }
}
