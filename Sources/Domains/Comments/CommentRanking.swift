import Core
import Posts
import Store

/// A post's top-level comments by how many like them. A ranking is written down when somebody begins to walk through it, and
/// stays as it is: the walk has no gap and no duplicate, whatever is liked meanwhile. Those who begin within half a minute share
/// one.
enum CommentRanking {
    /// Comments of a ranking. What is liked less, or by nobody, follows by age.
    static let most = 1000
    static let lifeMinutes = 15
    private static let shared: SQL = "interval '30 seconds'"
    private static let life: SQL = "interval '15 minutes'"

    /// A row `id`: the ranking with which a walk begins; none where nobody likes any, or there is only one.
    /// - Parameter new: an id, for the case that one is made.
    static func begun(of post: ID, _ new: ID) -> SQL {
        let post = SQL.parameter(post)
        return """
            WITH known AS (
                SELECT id FROM comment_rankings WHERE post_id = \(post) AND made_at > now() - \(shared)
                ORDER BY made_at DESC LIMIT 1),
            made AS (
                INSERT INTO comment_rankings (id, post_id, made_at, ids)
                SELECT \(new)::bigint, \(post), now(), r.ids
                FROM (
                    SELECT array_agg(comment_id ORDER BY likes DESC, comment_id DESC) AS ids FROM (
                        SELECT comment_id, likes FROM comment_scores WHERE post_id = \(post) AND likes > 0
                        ORDER BY likes DESC, comment_id DESC LIMIT \(most)) s) r
                WHERE NOT EXISTS (SELECT FROM known) AND r.ids IS NOT NULL
                    AND EXISTS (SELECT FROM comments WHERE post_id = \(post) AND parent_id IS NULL OFFSET 1)
                RETURNING id)
            SELECT id FROM known UNION ALL SELECT id FROM made
            """
    }

    /// A row where a walk can go on.
    static func isThere(_ ranking: ID, of post: ID) -> SQL {
        "SELECT id FROM comment_rankings WHERE id = \(ranking) AND post_id = \(post) AND made_at > now() - \(life)"
    }

    /// Rows `id, place`, from 1 on.
    static func ranked(_ ranking: ID) -> SQL {
        """
        SELECT r.id, r.place FROM comment_rankings k CROSS JOIN unnest(k.ids) WITH ORDINALITY r (id, place)
        WHERE k.id = \(ranking)
        """
    }

    /// Those that nobody can walk through any more; some at a time.
    static let expired: SQL = """
        DELETE FROM comment_rankings WHERE id IN (
            SELECT id FROM comment_rankings WHERE made_at < now() - \(life) - interval '1 minute'
            ORDER BY made_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
        """

    /// What a comment's likes are now, for rankings to come. Who finds it under way leaves it: a like that is counted at the same
    /// time may be missing until the next one. Behind the counters, in their transaction.
    static func scored(_ comment: ID) -> SQL {
        let comment = SQL.parameter(comment)
        return """
            WITH likes AS (
                SELECT m.id, m.post_id, \(Counters.sum(.likes, of: "m.id")) AS n
                FROM comments m WHERE m.id = \(comment) AND m.parent_id IS NULL),
            free AS (SELECT comment_id FROM comment_scores WHERE comment_id = \(comment) FOR UPDATE SKIP LOCKED),
            known AS (UPDATE comment_scores s SET likes = l.n FROM free, likes l WHERE s.comment_id = free.comment_id)
            INSERT INTO comment_scores (comment_id, post_id, likes)
            SELECT id, post_id, n FROM likes
            WHERE n > 0 AND NOT EXISTS (SELECT FROM comment_scores WHERE comment_id = \(comment))
            ON CONFLICT (comment_id) DO NOTHING
            """
    }
}
