import DomainKit
import Posts
import Store

/// What is counted of polls, beside the votes.
enum PollAudits {
    static let all: [CountAudit] = [voters] + (0..<PollView.optionCount.upperBound).map(votes)

    private static let voters = CountAudit("poll_voters") { position, limit in
        """
        SELECT po.id, (SELECT COALESCE(sum(c.voters), 0) FROM poll_counts c WHERE c.poll_id = po.id) AS counted,
            (SELECT count(*) FROM poll_votes v WHERE v.poll_id = po.id) AS found
        FROM polls po WHERE po.id > \(position) ORDER BY po.id LIMIT \(limit)
        """
    } repair: { differences in
        """
        INSERT INTO poll_counts AS c (poll_id, stripe, votes, voters, changes)
        SELECT d.id, 0, ARRAY(SELECT 0 FROM generate_subscripts(po.options, 1)), d.delta, 1
        FROM \(differences) d JOIN polls po ON po.id = d.id ORDER BY d.id
        ON CONFLICT (poll_id, stripe) DO UPDATE SET voters = c.voters + excluded.voters, changes = c.changes + 1
        """
    }

    /// Of one option, by its number from 0 on.
    private static func votes(_ option: Int) -> CountAudit {
        // A name has letters only.
        CountAudit("poll_option_\(Character(Unicode.Scalar(UInt8(97 + option))))") { position, limit in
            """
            SELECT po.id,
                (SELECT COALESCE(sum(c.votes[\(option)::int + 1]), 0) FROM poll_counts c WHERE c.poll_id = po.id) AS counted,
                (SELECT count(*) FROM poll_votes v WHERE v.poll_id = po.id AND \(option)::smallint = ANY (v.options)) AS found
            FROM polls po WHERE po.id > \(position) AND cardinality(po.options) > \(option) ORDER BY po.id LIMIT \(limit)
            """
        } repair: { differences in
            """
            INSERT INTO poll_counts AS c (poll_id, stripe, votes, voters, changes)
            SELECT d.id, 0,
                ARRAY(
                    SELECT CASE WHEN i = \(option)::int + 1 THEN d.delta ELSE 0 END
                    FROM generate_subscripts(po.options, 1) i ORDER BY i),
                0, 1
            FROM \(differences) d JOIN polls po ON po.id = d.id ORDER BY d.id
            ON CONFLICT (poll_id, stripe)
            DO UPDATE SET votes = \(Polls.sum("excluded.votes")), changes = c.changes + 1
            """
        }
    }
}
