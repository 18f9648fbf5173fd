import Core
import DomainKit
import Store

extension Follows {
    /// Follows of a user, and of others who follow him; who stays is counted down. Their counters are locked first, in the
    /// order of `Graph.record`.
    static let holding = Holding(
        "postgres.follows", columns: ["followee", "follower"],
        .erased(
            { transaction, user, _, limit in
                let user = SQL.parameter(user)
                let rows = try await transaction.query(
                    """
                    (SELECT followee, bucket, follower FROM follows WHERE followee = \(user) LIMIT \(limit))
                    UNION ALL
                    (SELECT followee, bucket, follower FROM follows WHERE follower = \(user) LIMIT \(limit))
                    LIMIT \(limit)
                    """)
                let (followees, followers) = (
                    try rows.map { try $0.id("followee") }, try rows.map { try $0.id("follower") }
                )
                let results = try await transaction.batch([
                    """
                    SELECT user_id FROM follow_counts
                    WHERE user_id = ANY (\(followees + followers)::bigint[]) AND user_id <> \(user)
                    ORDER BY user_id FOR UPDATE
                    """,
                    """
                    WITH gone AS (
                        DELETE FROM follows f USING unnest(
                            \(followees)::bigint[], \(try rows.map { try $0.integer("bucket") })::bigint[],
                            \(followers)::bigint[]) one (followee, bucket, follower)
                        WHERE f.followee = one.followee AND f.bucket = one.bucket AND f.follower = one.follower
                        RETURNING f.followee, f.follower),
                    others AS (
                        SELECT followee AS id, 1 AS followers, 0 AS following FROM gone WHERE follower = \(user)
                        UNION ALL SELECT follower, 0, 1 FROM gone WHERE followee = \(user)),
                    counted AS (
                        UPDATE follow_counts c
                        SET followers = c.followers - o.followers, following = c.following - o.following
                        FROM (
                            SELECT id, sum(followers) AS followers, sum(following) AS following FROM others GROUP BY id
                        ) o WHERE c.user_id = o.id)
                    SELECT count(*) FROM gone
                    """,
                ])
                let gone = try results[1][0].int("count")
                return Holding.Step(removed: gone, next: rows.isEmpty ? nil : 0)
            },
            count: { user in
                let user = SQL.parameter(user)
                return """
                    SELECT (SELECT count(*) FROM follows WHERE followee = \(user))
                        + (SELECT count(*) FROM follows WHERE follower = \(user)) AS count
                    """
            }))
}
