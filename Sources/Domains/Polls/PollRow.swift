import Core
import Posts
import Store

/// How a poll is read: as one text, with what is counted and what the reader has to do with it, of one moment.
enum PollRow {
    /// An expression of SQL, NULL where there is no such poll.
    /// - Parameters:
    ///   - isIt: a condition on a row `po` of `polls`, true of one at most.
    ///   - reader: his id, an expression of SQL; NULL: he is not signed in, or it is told to all.
    static func column(where isIt: SQL, for reader: SQL) -> SQL {
        """
        (SELECT json_build_array(
            po.id, po.post_id, po.options, po.multiple, po.results, (extract(epoch FROM po.closes_at) * 1000)::bigint,
            po.closes_at <= now(),
            ARRAY(
                SELECT COALESCE(sum(c.votes[i]), 0) FROM generate_subscripts(po.options, 1) i
                LEFT JOIN poll_counts c ON c.poll_id = po.id GROUP BY i ORDER BY i),
            tally.voters, tally.changes,
            COALESCE((SELECT v.options FROM poll_votes v WHERE v.poll_id = po.id AND v.voter = \(reader)), '{}'),
            po.author_id IS NOT DISTINCT FROM \(reader))::text
        FROM polls po CROSS JOIN LATERAL (
            SELECT COALESCE(sum(c.voters), 0) AS voters, COALESCE(sum(c.changes), 0) AS changes
            FROM poll_counts c WHERE c.poll_id = po.id) tally
        WHERE \(isIt))
        """
    }

    static func view(_ text: String) throws(PgError) -> PollView {
        guard let values = try? JSONValue.parse(Array(text.utf8)).array, values.count == 12,
            let id = values[0].integer, let post = values[1].integer,
            let options = values[2].array?.compactMap(\.string),
            let isMultiple = values[3].bool, let results = values[4].string, let closesAt = values[5].integer,
            let isClosed = values[6].bool, let votes = values[7].array?.compactMap(\.integer),
            votes.count == options.count, let voters = values[8].integer, let changes = values[9].integer,
            let voted = values[10].array?.compactMap(\.integer), let isOwn = values[11].bool
        else { throw PgError.unreadable("column poll: a poll was expected") }
        return PollView(
            id: ID(raw: id), post: ID(raw: post), options: options, isMultiple: isMultiple,
            // A version to come may know others: what this one does not know is shown to the fewest.
            results: PollView.Results(rawValue: results) ?? .afterClose,
            closesAt: closesAt, isClosed: isClosed,
            tally: .init(votes: votes, voters: voters, changes: changes), voted: voted.map { Int($0) }, isOwn: isOwn)
    }
}
