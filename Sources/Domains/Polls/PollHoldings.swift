import Core
import DomainKit
import Store

/// How polls and votes go with a user. His votes are taken out of the counts, also of polls that have closed; his polls go with
/// all that was voted in them.
enum PollHoldings {
    static let all: [Holding] = [
        votes,
        .rows("poll_counts", ["poll_id"]) { "poll_id IN (SELECT id FROM polls WHERE author_id = \($0))" },
        .rows("polls", ["author_id", "post_id"]) { "author_id = \($0)" },
    ]

    private static let votes = Holding(
        "postgres.poll_votes", columns: ["voter", "poll_id"],
        .erased(
            { transaction, user, _, limit in
                let gone = try await removeVotes(transaction, of: user, limit: limit)
                return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
            },
            count: { user in
                let user = SQL.parameter(user)
                return """
                    SELECT (SELECT count(*) FROM poll_votes WHERE voter = \(user))
                        + (SELECT count(*) FROM poll_votes v JOIN polls po ON po.id = v.poll_id
                            WHERE po.author_id = \(user) AND v.voter <> \(user)) AS count
                    """
            }))

    private static func removeVotes(_ transaction: Transaction, of user: ID, limit: Int) async throws -> Int {
        let (user, stripe) = (SQL.parameter(user), SQL.parameter(Polls.stripe(of: user)))
        let results = try await transaction.batch([
            // In one order: two who leave may have voted in the same polls.
            """
            SELECT FROM poll_counts WHERE stripe = \(stripe) AND poll_id IN (
                SELECT poll_id FROM poll_votes WHERE voter = \(user) ORDER BY id LIMIT \(limit))
            ORDER BY poll_id FOR UPDATE
            """,
            """
            WITH gone AS (
                DELETE FROM poll_votes WHERE voter = \(user) AND poll_id IN (
                    SELECT poll_id FROM poll_votes WHERE voter = \(user) ORDER BY id LIMIT \(limit))
                RETURNING poll_id, options),
            counted AS (
                UPDATE poll_counts c
                SET votes = ARRAY(
                        SELECT c.votes[i] - (i - 1 = ANY (gone.options))::int
                        FROM generate_subscripts(c.votes, 1) i ORDER BY i),
                    voters = c.voters - 1, changes = c.changes + 1
                FROM gone WHERE c.poll_id = gone.poll_id AND c.stripe = \(stripe))
            SELECT poll_id FROM gone
            """,
            """
            DELETE FROM poll_votes WHERE (poll_id, voter) IN (
                SELECT v.poll_id, v.voter FROM polls po JOIN poll_votes v ON v.poll_id = po.id
                WHERE po.author_id = \(user) LIMIT \(limit))
            """,
        ])
        return results[1].count + results[2].affected
    }
}
