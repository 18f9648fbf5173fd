import Accounts
import Core
import Engagement
import HTTPService
import Outbox
import Posts
import Relations
import Store

/// Comments. A change, what is counted of it and its event are one transaction.
///
/// They are stored flat. Each knows its ancestors, and `comment_replies` has a row for each of them; so what is below a comment,
/// however deep, is one range of an index in the order of ids.
struct Comments: Sendable {
    /// From a top-level comment down to the last one below it.
    static let mostLevels = 32
    /// Of one comment.
    static let mostEdits: Int64 = 100

    let database: Database
    let ids: IDGenerator
    let likes: Likes
    let clock: any WallClock

    /// Comments on a post, or replies to a comment on it.
    /// - Parameters:
    ///   - parent: `nil`: it is a top-level one.
    ///   - text: checked and trimmed.
    /// - Throws: `Problem` where the author does not see the post or the parent, or may not comment.
    func create(
        _ transaction: Transaction, on post: ID, below parent: ID?, text: String, by author: ID,
        _ context: TraceContext
    ) async throws -> CommentView {
        let found = try await transaction.batch([
            """
            SELECT \(CommentPermission.columns("p", for: "u.id")), \(Users.identityColumns)
            FROM posts p CROSS JOIN users u
            WHERE p.id = \(post) AND u.id = \(author) AND \(PostVisibility.sql("p", to: "u.id"))
            """,
            // Locked, it can't be removed before the commit: a deletion waits, and then finds the reply.
            """
            SELECT m.thread_id, cardinality(m.ancestors) AS ancestors FROM comments m
            WHERE m.id = \(parent) AND m.post_id = \(post) AND m.deleted_at IS NULL
                AND \(CommentVisibility.sql("m", to: "\(author)"))
            FOR KEY SHARE
            """,
        ])
        guard let row = found[0].first else { throw Posts.noPost(post) }
        try CommentPermission(row).check()
        if let parent {
            guard let row = found[1].first else {
                throw Problem(.notFound, "there is no comment \(parent) on this post", field: "parent")
            }
            guard try row.integer("ancestors") < Self.mostLevels - 1 else {
                throw Problem(
                    .tooMany, "a thread has \(Self.mostLevels) levels at most: reply to a comment above this one",
                    field: "parent")
            }
        }
        let id = try ids.next()
        var comment = CommentView(
            id: id, post: post, thread: try found[1].first?.id("thread_id") ?? id, parent: parent,
            content: CommentView.Content(
                authorID: author, handle: try row.text("handle"), displayName: try row.text("display_name"),
                text: text, editedAt: nil), counts: Counts())
        try await transaction.batch(stored(comment, text, by: author) + [told(.created(comment), context)])
        comment.isLiked = false
        return comment
    }

    private func stored(_ comment: CommentView, _ text: String, by author: ID) -> [SQL] {
        let id = SQL.parameter(comment.id)
        return [
            """
            INSERT INTO comments (id, post_id, thread_id, parent_id, ancestors, author_id, text)
            VALUES (\(id), \(comment.post), \(comment.thread), \(comment.parent),
                COALESCE((SELECT ancestors || id FROM comments WHERE id = \(comment.parent)), '{}'), \(author), \(text))
            """,
            """
            INSERT INTO comment_replies (ancestor_id, id)
            SELECT unnest(ancestors), id FROM comments WHERE id = \(id)
            """,
            """
            WITH \(Self.changes(of: id, by: 1)), \(Counters.counted(.replies, by: "changes", of: author))
            SELECT 1 AS counted
            """,
        ]
    }

    /// A part of a `WITH`: the post and the comments above this one have one reply more, or less.
    static func changes(of comment: SQL, by delta: Int64) -> SQL {
        """
        changes AS (
            SELECT unnest(ancestors || post_id) AS object_id, \(delta)::bigint AS delta
            FROM comments WHERE id = \(comment) AND deleted_at IS NULL)
        """
    }

    func told(_ news: CommentNews, _ context: TraceContext) -> SQL {
        Outbox.statement(
            topic: EngagementTopic.name, key: news.comment.post, news.envelope(clock: clock, context))
    }

    // MARK: Edits

    /// Changes the text of a comment of the caller. The same text changes nothing.
    /// - Parameter text: checked and trimmed.
    /// - Returns: the comment as it is now.
    func edit(
        _ transaction: Transaction, _ comment: ID, text: String, caller: ID, _ context: TraceContext
    ) async throws -> CommentView {
        let rows = try await transaction.query(
            """
            SELECT m.author_id, m.text, m.edits FROM comments m JOIN posts p ON p.id = m.post_id
            WHERE m.id = \(comment) AND m.deleted_at IS NULL AND \(PostVisibility.sql("p", to: "\(caller)"))
                AND \(CommentVisibility.sql("m", to: "\(caller)"))
            FOR NO KEY UPDATE OF m
            """)
        guard let row = rows.first else { throw Self.noComment(comment) }
        guard try row.id("author_id") == caller else {
            throw Problem(.forbidden, "only its author may edit a comment")
        }
        guard try !row.text("text").isExactly(text) else {
            return try await current(transaction, comment, as: caller)
        }
        guard try row.integer("edits") < Self.mostEdits else {
            throw Problem(.tooMany, "a comment is edited at most \(Self.mostEdits) times")
        }
        // Newer than the one before, whatever the clocks of two processes say.
        try await transaction.query(
            """
            UPDATE comments SET text = \(text), edits = edits + 1,
                edit_id = greatest(\(try ids.next())::bigint, COALESCE(edit_id, id) + 1)
            WHERE id = \(comment)
            """)
        let after = try await current(transaction, comment, as: caller)
        var told = after
        told.isLiked = nil
        try await transaction.query(self.told(.updated(told), context))
        return after
    }

    /// The comment as its author sees it.
    private func current(_ transaction: Transaction, _ comment: ID, as author: ID) async throws -> CommentView {
        let rows = try await transaction.query(
            "SELECT \(CommentRow.columns(for: .parameter(author))) FROM \(CommentRow.table) WHERE m.id = \(comment)")
        guard let row = rows.first else { throw Self.noComment(comment) }
        return try CommentRow.view(row)
    }

    static func noComment(_ id: ID) -> Problem { Problem(.notFound, "there is no comment \(id)") }
}
