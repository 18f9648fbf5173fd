import Core
import HTTPService
import Posts
import Store

/// Who wants to find which posts again.
struct Bookmarks: Sendable {
    let ids: IDGenerator

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

    /// Rows of a reader, an expression of SQL, for `Posts.page`.
    static func entries(of reader: SQL) -> SQL { "SELECT post_id, id FROM bookmarks WHERE user_id = \(reader)" }
}
