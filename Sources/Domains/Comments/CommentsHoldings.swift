import Core
import DomainKit
import Engagement
import Feed
import Live
import Posts
import Store

/// Where comments hold something of a user. What was said on the user's posts goes with these; the user's comments on others'
/// posts go as if he deleted them: where others have replied something stays, without his name and words.
struct CommentsHoldings: Sendable {
    let channels: Channels

    var all: [Holding] { [Holding("redis.comments", .erased(dropChannels, count: nil)), Self.comments] }

    /// What the channels of posts on which he commented have told: who listens to one reads the post anew. Before the comments
    /// go, by which they are found.
    @Sendable private func dropChannels(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        let posts = try await transaction.query(
            """
            SELECT DISTINCT post_id FROM comments WHERE author_id = \(user) AND post_id > \(position)
            ORDER BY post_id LIMIT \(limit)
            """
        ).map { try $0.id("post_id") }
        return Holding.Step(removed: try await channels.drop(posts.map { .post($0) }), next: posts.last?.raw)
    }

    private static let comments = Holding(
        "postgres.comments", columns: ["author_id", "post_id"],
        .erased(
            { transaction, user, _, limit in
                var removed = try await eraseOnPosts(transaction, of: user, limit)
                if removed == 0 { removed = try await eraseOwn(transaction, of: user, max(1, limit / 4)) }
                return Holding.Step(removed: removed, next: removed == 0 ? nil : 0)
            },
            count: { user in
                let user = SQL.parameter(user)
                return """
                    SELECT (SELECT count(*) FROM comments WHERE author_id = \(user))
                        + (SELECT count(*) FROM comments WHERE post_id IN (\(posts(of: user)))) AS count
                    """
            }))

    private static func posts(of user: SQL) -> SQL { "SELECT id FROM posts WHERE author_id = \(user)" }

    /// Nothing is counted: the posts go, too.
    private static func eraseOnPosts(_ transaction: Transaction, of user: ID, _ limit: Int) async throws -> Int {
        try await transaction.query(
            """
            WITH gone AS (
                DELETE FROM comments WHERE id = ANY (ARRAY(
                    SELECT id FROM comments WHERE post_id IN (\(posts(of: "\(user)"))) ORDER BY id LIMIT \(limit)
                    FOR UPDATE))
                RETURNING id, post_id, ancestors),
            places AS (
                DELETE FROM comment_replies r USING (SELECT unnest(ancestors) AS ancestor_id, id FROM gone) g
                WHERE r.ancestor_id = g.ancestor_id AND r.id = g.id),
            scores AS (DELETE FROM comment_scores WHERE comment_id IN (SELECT id FROM gone)),
            rankings AS (DELETE FROM comment_rankings WHERE post_id IN (SELECT post_id FROM gone)),
            likes AS (\(Likes.removed(of: "SELECT id FROM gone"))),
            counts AS (\(Counters.removed(of: "SELECT id FROM gone")))
            SELECT count(*) AS gone FROM gone
            """)[0].int("gone")
    }

    private static func eraseOwn(_ transaction: Transaction, of user: ID, _ limit: Int) async throws -> Int {
        let rows = try await transaction.query(
            "SELECT id, thread_id FROM comments WHERE author_id = \(user) ORDER BY id LIMIT \(limit)")
        guard !rows.isEmpty else { return 0 }
        let comments = try rows.map { try $0.id("id") }
        try await Comments.lock(transaction, comments, of: try rows.map { try $0.id("thread_id") })
        try await transaction.batch(comments.flatMap { Comments.removal(of: $0, by: user) })
        return comments.count
    }
}
