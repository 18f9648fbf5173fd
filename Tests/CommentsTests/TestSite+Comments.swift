import Core
import Store
import TestSite

extension TestSite {
    /// Many comments of one user at once, with what is counted of them: top-level ones, and replies to the first of these.
    func fill(_ postID: String, by user: String, top: Int, replies: Int) async throws {
        let (post, author) = (SQL.parameter(ID(postID)!), SQL.parameter(ID(user)!))
        // Ids of some minutes before.
        let first = SQL.parameter(ID(postID)!.raw - 1_000_000_000)
        try await database.batch([
            """
            INSERT INTO comments (id, post_id, thread_id, parent_id, ancestors, author_id, text)
            SELECT \(first)::bigint + n, \(post), \(first)::bigint + n, NULL, '{}', \(author), 'top ' || n
            FROM generate_series(1, \(top)) n
            """,
            """
            INSERT INTO comments (id, post_id, thread_id, parent_id, ancestors, author_id, text)
            SELECT \(first)::bigint + \(top)::bigint + n, \(post), \(first)::bigint + 1, \(first)::bigint + 1,
                ARRAY[\(first)::bigint + 1], \(author), 'reply ' || n
            FROM generate_series(1, \(replies)) n
            """,
            """
            INSERT INTO comment_replies (ancestor_id, id)
            SELECT \(first)::bigint + 1, \(first)::bigint + \(top)::bigint + n FROM generate_series(1, \(replies)) n
            """,
            """
            INSERT INTO counters (object_id, stripe, replies, changes)
            VALUES (\(post), 15, \(top + replies), 1), (\(first)::bigint + 1, 0, \(replies), 1)
            """,
        ])
    }
}
