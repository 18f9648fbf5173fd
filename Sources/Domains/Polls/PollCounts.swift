import DomainKit
import Store

/// What is counted of polls, in rows of `poll_counts`.
enum PollCounts {
    /// How many have voted, and then how many for each option, beside the votes.
    static let audit = CountAudit("votes") { position, limit in
        """
        SELECT po.id,
            (SELECT COALESCE(sum(c.voters), 0) FROM poll_counts c WHERE c.poll_id = po.id)::bigint || ARRAY(
                SELECT COALESCE(sum(c.votes[i]), 0) FROM generate_subscripts(po.options, 1) i
                LEFT JOIN poll_counts c ON c.poll_id = po.id GROUP BY i ORDER BY i)::bigint[] AS counted,
            (SELECT count(*) FROM poll_votes v WHERE v.poll_id = po.id) || ARRAY(
                SELECT count(v.voter) FROM generate_subscripts(po.options, 1) i
                LEFT JOIN poll_votes v ON v.poll_id = po.id AND i - 1 = ANY (v.options)
                GROUP BY i ORDER BY i)::bigint[] AS found
        FROM polls po WHERE po.id > \(position) ORDER BY po.id LIMIT \(limit)
        """
    } repair: { wrong in
        """
        INSERT INTO poll_counts AS c (poll_id, stripe, voters, votes, changes)
        SELECT id, 0, found[1] - counted[1],
            ARRAY(SELECT found[i + 1] - counted[i + 1] FROM generate_series(1, cardinality(found) - 1) i ORDER BY i), 1
        FROM \(wrong) ORDER BY id
        ON CONFLICT (poll_id, stripe) DO UPDATE SET
            voters = c.voters + excluded.voters, changes = c.changes + 1,
            votes = ARRAY(
                SELECT c.votes[i] + excluded.votes[i] FROM generate_subscripts(c.votes, 1) i ORDER BY i)
        """
    }
}
