import Core
import Engagement
import HTTPService
import Posts
import Store

/// How comments go. One that has replies stays, without author and text, for as long as it has any; so whatever stays has
/// somebody's comment below it.
extension Comments {
    /// Deletes a comment of the caller, or one on the caller's post: these they may delete even where they can't see them.
    func delete(
        _ transaction: Transaction, _ comment: ID, caller: ID, _ context: TraceContext
    ) async throws {
        let rows = try await transaction.query(
            """
            SELECT m.thread_id, m.author_id = \(caller) OR p.author_id = \(caller) AS is_own,
                \(PostVisibility.sql("p", to: "\(caller)")) AND \(CommentVisibility.sql("m", to: "\(caller)"))
                    AS is_shown
            FROM comments m JOIN posts p ON p.id = m.post_id WHERE m.id = \(comment) AND m.deleted_at IS NULL
            """)
        guard let row = rows.first else { throw Self.noComment(comment) }
        guard try row.bool("is_own") else {
            throw try row.bool("is_shown")
                ? Problem(.forbidden, "only its author and the post's may delete a comment") : Self.noComment(comment)
        }
        try await Self.lock(transaction, [comment], of: [try row.id("thread_id")])
        guard let before = try await remaining(transaction, comment) else { throw Self.noComment(comment) }
        try await transaction.batch(Self.removal(of: comment, by: caller) + [told(.deleted(before), context)])
    }

    /// What is deleted, if another one has not deleted it meanwhile.
    private func remaining(_ transaction: Transaction, _ comment: ID) async throws -> CommentView? {
        try await transaction.query(
            """
            SELECT \(CommentRow.columnsForAll) FROM \(CommentRow.table)
            WHERE m.id = \(comment) AND m.deleted_at IS NULL
            """
        ).first.map { try CommentRow.view($0) }
    }

    /// In a thread one comment goes at a time: of two that go together each would take the other for one that stays. A reply
    /// that is under way is waited for, and one that begins later finds nothing to reply to.
    /// - Parameter threads: those of the comments.
    static func lock(_ transaction: Transaction, _ comments: [ID], of threads: [ID]) async throws {
        try await transaction.batch([
            "SELECT id FROM comments WHERE id = ANY (\(threads)::bigint[]) ORDER BY id FOR NO KEY UPDATE",
            "SELECT id FROM comments WHERE id = ANY (\(comments)::bigint[]) ORDER BY id FOR UPDATE",
        ])
    }

    /// A comment goes, which is locked, or stays as one that was deleted; then those go that stayed for its sake. Of one that was
    /// deleted before nothing changes.
    /// - Parameter user: whose doing it is; chooses a stripe of counters.
    static func removal(of comment: ID, by user: ID) -> [SQL] {
        let id = SQL.parameter(comment)
        return [
            """
            WITH \(changes(of: id, by: -1)), \(Counters.counted(.replies, by: "changes", of: user))
            SELECT 1 AS counted
            """,
            """
            UPDATE comments SET deleted_at = now(), author_id = NULL, text = '', edit_id = NULL, edits = 0
            WHERE id = \(id) AND deleted_at IS NULL AND EXISTS (SELECT FROM comment_replies r WHERE r.ancestor_id = \(id))
            """,
            """
            WITH one AS (SELECT ancestors FROM comments WHERE id = \(id) AND deleted_at IS NULL),
                gone AS (
                    DELETE FROM comments m USING one
                    WHERE m.id = \(id) OR m.id = ANY (one.ancestors) AND m.deleted_at IS NOT NULL AND NOT EXISTS (
                        SELECT FROM comment_replies r JOIN comments other ON other.id = r.id
                        WHERE r.ancestor_id = m.id AND r.id <> \(id) AND other.deleted_at IS NULL)
                    RETURNING m.id),
                places AS (
                    DELETE FROM comment_replies r USING one, gone
                    WHERE r.ancestor_id = ANY (one.ancestors) AND r.id = gone.id),
                scores AS (DELETE FROM comment_scores WHERE comment_id IN (SELECT id FROM gone)),
                likes AS (\(Likes.removed(of: "SELECT id FROM gone")))
            \(Counters.removed(of: "SELECT id FROM gone"))
            """,
        ]
    }
}
