import Core
import DomainKit
import Store

/// Where likes and views hold something of a user.
struct EngagementHoldings: Sendable {
    /// Hours for which a sketch is kept.
    private static let sketchHours = 48
    let likes: PostLikes
    let views: Views

    var all: [Holding] {
        [
            // Of others for his posts, which go with them.
            .rows(
                "post_views", ["post_id"], where: { "post_id IN (SELECT id FROM posts WHERE author_id = \($0))" }),
            Holding("postgres.likes", columns: ["user_id", "object_id"], .erased(eraseLikes, count: count)),
            Holding(
                "redis.views",
                .agesOut(
                    hours: Self.sketchHours,
                    why: "sketches of who has seen a post on a day, out of which nobody can be read",
                    check: .count { _ in try await views.overdue() })),
        ]
    }

    private func isTheirs(_ user: SQL) -> SQL { "object_id IN (SELECT id FROM posts WHERE author_id = \(user))" }

    @Sendable private func count(_ user: ID) -> SQL {
        let user = SQL.parameter(user)
        return """
            SELECT (SELECT count(*) FROM likes WHERE user_id = \(user))
                + (SELECT count(*) FROM likes WHERE \(isTheirs(user))) AS count
            """
    }

    /// His likes of others' things are taken back, counters with them, and who looks is told; others' likes of his posts go as
    /// they are.
    @Sendable private func eraseLikes(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        let taken = try await likes.takeBack(transaction, of: user, limit: limit)
        if taken > 0 { return Holding.Step(removed: taken, next: 0) }
        let gone = try await transaction.query(
            """
            DELETE FROM likes WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM likes WHERE \(isTheirs("\(user)")) LIMIT \(limit) FOR UPDATE))
            """
        ).affected
        return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
    }
}
