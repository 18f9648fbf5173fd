import Accounts
import Core
import Engagement
import Posts
import Store

/// How comments are read: rows of `comments m`, with their authors' names and what is counted of them.
enum CommentRow {
    /// What `columns` are of. A deleted comment has no author.
    static let table: SQL = "comments m LEFT JOIN users u ON u.id = m.author_id"

    /// What `view` reads, of `table`.
    /// - Parameter reader: his id, an expression of SQL; NULL: not signed in.
    static func columns(for reader: SQL) -> SQL {
        """
        m.id, m.post_id, m.thread_id, m.parent_id, m.author_id, \(Users.identityColumns), m.text, m.edit_id,
        \(Counters.column(of: "m.id")),
        CASE WHEN \(reader)::bigint IS NOT NULL THEN \(Likes.isLiked("m.id", by: reader)) END AS liked
        """
    }

    /// The same for what many are told.
    static let columnsForAll = columns(for: "NULL")

    static func view(_ row: PgRow) throws(PgError) -> CommentView {
        CommentView(
            id: try row.id("id"), post: try row.id("post_id"), thread: try row.id("thread_id"),
            parent: try row.optionalID("parent_id"), content: try content(row), counts: try Counts(row),
            isLiked: try row.optionalBool("liked"))
    }

    private static func content(_ row: PgRow) throws(PgError) -> CommentView.Content? {
        guard let author = try row.optionalID("author_id") else { return nil }
        return CommentView.Content(
            authorID: author, handle: try row.text("handle"), displayName: try row.text("display_name"),
            text: try row.text("text"), editedAt: try row.optionalID("edit_id")?.milliseconds)
    }
}
