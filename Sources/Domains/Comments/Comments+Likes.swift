import Accounts
import Core
import Engagement
import HTTPService
import Posts
import Store

/// Who likes which comments.
extension Comments {
    /// Likes, or takes a like back. A comment that somebody is about to like does not go before; who likes it waits for nobody
    /// else who does.
    /// - Returns: statements of one transaction, for `checkLiked`.
    func like(_ isLiked: Bool, _ comment: ID, by user: ID, _ context: TraceContext) throws -> [SQL] {
        let reader = SQL.parameter(user)
        let object: SQL = """
            SELECT m.id FROM comments m JOIN posts p ON p.id = m.post_id
            WHERE m.id = \(comment) AND m.deleted_at IS NULL AND \(PostVisibility.sql("p", to: reader))
                AND \(CommentVisibility.sql("m", to: reader))
            FOR KEY SHARE OF m
            """
        return [
            try likes.statement(
                isLiked: isLiked, object: object, by: user, telling: event(isLiked: isLiked, comment, user, context),
                on: comment),
            CommentRanking.scored(comment),
        ]
    }

    private func event(isLiked: Bool, _ comment: ID, _ user: ID, _ context: TraceContext) -> Envelope {
        let event: CommentLikeEvent = isLiked ? .liked : .unliked
        let payload = FlatJSON.encode([
            "type": event.rawValue, "comment_id": comment.description, "user_id": user.description,
        ])
        var envelope = Envelope(event.kind, eventID: uuidV7(clock: clock), context, payload: Array(payload.utf8))
        envelope[.comment] = comment
        envelope[.user] = user
        return envelope
    }

    /// - Throws: `Problem` where there is no such comment for the user.
    func checkLiked(_ results: [PgRows], _ comment: ID) throws {
        guard try results[0][0].bool("is_there") else { throw Self.noComment(comment) }
    }
}
