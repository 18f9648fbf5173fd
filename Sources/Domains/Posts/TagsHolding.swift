import DomainKit
import Store

extension PostTags {
    /// Those of a user's posts; numbers are counted down.
    static let holding = Holding(
        "postgres.post_tags", columns: ["author_id"],
        .erased(
            { transaction, user, _, limit in
                let gone = try await transaction.query(
                    """
                    WITH gone AS (
                        DELETE FROM post_tags WHERE (tag, post_id) IN (
                            SELECT t.tag, t.post_id FROM post_tags t WHERE t.author_id = \(user) LIMIT \(limit) FOR UPDATE)
                        RETURNING tag, stripe),
                    counted AS (
                        INSERT INTO tag_counts AS c (tag, stripe, posts) \(summed("SELECT tag, stripe, -1 FROM gone")))
                    SELECT count(*) FROM gone
                    """)
                let removed = try gone[0].int("count")
                return Holding.Step(removed: removed, next: removed == 0 ? nil : 0)
            },
            count: { "SELECT count(*) FROM post_tags WHERE author_id = \($0)" }))
}
