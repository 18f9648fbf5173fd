import Core
import HTTPService
import Outbox
import Posts
import Store

/// Polls and votes. A vote, its count and its event are one transaction.
///
/// **A vote is refused by the primary key of `poll_votes`**, never by a look before. The deadline is the database's clock at the
/// commit: a trigger that is deferred until then refuses what comes late (`PollsMigrations`). Votes hold the poll's row KEY
/// SHARE; who closes a poll, or changes what was asked, takes it FOR UPDATE, and so comes behind all that were counted.
struct Polls: Sendable {
    /// Rows of counts that the votes of one poll are spread over.
    private static let stripes = 16
    /// Closed by one transaction.
    private static let mostAtOnce = 100

    let database: Database
    let ids: IDGenerator
    let clock: any WallClock

    static func noPoll(_ id: ID) -> Problem { Problem(.notFound, "there is no poll \(id)") }

    // MARK: New ones

    /// What a post's transaction stores for its poll.
    static func insertion(_ poll: PollView, of author: ID) -> SQL {
        """
        INSERT INTO polls (id, post_id, author_id, options, multiple, results, closes_at)
        VALUES (
            \(poll.id), \(poll.post), \(author), \(poll.options), \(poll.isMultiple), \(poll.results.rawValue),
            to_timestamp(\(poll.closesAt)::bigint / 1000.0))
        """
    }

    /// Throws where the post has a poll that somebody has voted in; until the transaction's end nobody votes.
    static func checkEdit(_ transaction: Transaction, of post: ID) async throws {
        // Two statements: the second one sees the votes that the first has waited for.
        let results = try await transaction.batch([
            "SELECT id FROM polls WHERE post_id = \(post) FOR UPDATE",
            "SELECT 1 FROM polls po WHERE post_id = \(post) AND EXISTS (SELECT FROM poll_votes WHERE poll_id = po.id)",
        ])
        guard results[1].isEmpty else {
            throw Problem(.pollHasVotes, "the text of a post stays once its poll has votes", field: "text")
        }
    }

    // MARK: Reading

    /// - Parameter reader: `nil`: not signed in.
    func view(_ id: ID, to reader: ID?) async throws -> PollView? {
        try Self.view(try await database.query(Self.reading(id, to: SQL.parameter(reader))))
    }

    /// As all are told; `nil` where nobody sees it.
    func viewForAll(_ id: ID) async throws -> PollView? {
        let isVisible = Self.isVisible(id) { PostVisibility.sqlToSomebody($0) }
        return try Self.view(
            try await database.query(
                """
                SELECT \(PollRow.column(where: "po.id = \(id)", for: "NULL::bigint")) AS poll WHERE \(isVisible)
                """))
    }

    /// May the user see it?
    func isVisible(_ id: ID, to user: ID) async throws -> Bool {
        let isVisible = Self.isVisible(id) { PostVisibility.sql($0, to: SQL.parameter(user)) }
        return try await !database.query("SELECT 1 WHERE \(isVisible)").isEmpty
    }

    /// What `view` reads.
    static func reading(_ id: ID, to reader: SQL) -> SQL {
        """
        SELECT \(PollRow.column(where: "po.id = \(id)", for: reader)) AS poll
        WHERE \(isVisible(id) { PostVisibility.sql($0, to: reader) })
        """
    }

    /// - Parameter rule: about a row of `posts`.
    private static func isVisible(_ id: ID, _ rule: (SQL) -> SQL) -> SQL {
        """
        EXISTS (SELECT FROM polls asked JOIN posts p ON p.id = asked.post_id WHERE asked.id = \(id) AND \(rule("p")))
        """
    }

    static func view(_ rows: PgRows) throws -> PollView? {
        try rows.first?.optionalText("poll").map { try PollRow.view($0) }
    }

    // MARK: Voting

    /// Statements of one transaction; `counted` reads their results.
    /// - Parameter poll: as it was read before: what never changes of it is relied on.
    func vote(_ options: [Int], in poll: PollView, by voter: ID, _ context: TraceContext) throws -> [SQL] {
        let reader = SQL.parameter(voter)
        let event = Self.envelope(.voted, poll: poll.id, post: poll.post, context, clock)
        let told = Outbox.statement(
            topic: EngagementTopic.name, key: poll.post, event, forEachOf: "vote")
        return [
            """
            WITH open AS (
                SELECT po.id FROM polls po JOIN posts p ON p.id = po.post_id
                WHERE po.id = \(poll.id) AND po.closes_at > clock_timestamp() AND \(PostVisibility.sql("p", to: reader))
                FOR KEY SHARE OF po),
            vote AS (
                INSERT INTO poll_votes (poll_id, voter, id, options)
                SELECT open.id, \(reader), \(try ids.next())::bigint, \(options.sorted())::smallint[] FROM open
                ON CONFLICT (poll_id, voter) DO NOTHING RETURNING poll_id),
            counted AS (
                INSERT INTO poll_counts AS c (poll_id, stripe, votes, voters, changes)
                SELECT poll_id, \(Self.stripe(of: voter))::smallint, \(Self.row(options, of: poll))::int[], 1, 1 FROM vote
                ON CONFLICT (poll_id, stripe) DO UPDATE
                SET votes = \(Self.sum("excluded.votes")), voters = c.voters + 1, changes = c.changes + 1),
            told AS (\(told))
            SELECT EXISTS (SELECT FROM vote) AS is_counted
            """,
            Self.reading(poll.id, to: reader),
        ]
    }

    /// The poll with the vote.
    /// - Throws: `Problem` where it was not counted.
    static func counted(_ results: [PgRows], in poll: PollView) throws -> PollView {
        guard let view = try view(results[1]) else { throw noPoll(poll.id) }
        if try results[0].first?.bool("is_counted") == true { return view }
        guard view.voted.isEmpty else { throw Problem(.alreadyVoted, "the caller has voted in this poll") }
        throw hasClosed
    }

    static let hasClosed = Problem(.pollClosed, "the poll has closed")

    /// Did the commit come too late?
    static func saysClosed(_ error: PgError) -> Bool { error.constraint == "poll_is_open" }

    /// Which row of counts has the voter's votes.
    static func stripe(of voter: ID) -> Int { Bucket.of(voter) % stripes }

    /// 1 for what was voted for.
    private static func row(_ options: [Int], of poll: PollView) -> [Int] {
        poll.options.indices.map { options.contains($0) ? 1 : 0 }
    }

    /// The counts of a row `c` and others.
    static func sum(_ others: SQL) -> SQL {
        "ARRAY(SELECT c.votes[i] + (\(others))[i] FROM generate_subscripts(c.votes, 1) i ORDER BY i)"
    }

    // MARK: Closing

    /// Closes polls whose time has come, each once: the row says whether that was told. What a vote holds at this moment is left
    /// to the next call.
    /// - Returns: whether there may be more.
    func closeDue() async throws -> Bool {
        try await database.transaction { transaction in
            let due = try await transaction.query(
                """
                SELECT id, post_id FROM polls WHERE NOT closed AND closes_at <= clock_timestamp()
                ORDER BY closes_at, id LIMIT \(Self.mostAtOnce) FOR UPDATE SKIP LOCKED
                """
            ).map { (poll: try $0.id("id"), post: try $0.id("post_id")) }
            guard !due.isEmpty else { return false }
            let context = TraceContext(requestID: "close-polls")
            try await transaction.commit(
                ["UPDATE polls SET closed = true WHERE id = ANY (\(due.map(\.poll))::bigint[])"]
                    + due.map { poll, post in
                        Outbox.statement(
                            topic: EngagementTopic.name, key: post,
                            Self.envelope(.closed, poll: poll, post: post, context, clock))
                    })
            return due.count == Self.mostAtOnce
        }
    }

    private static func envelope(
        _ event: PollEvent, poll: ID, post: ID, _ context: TraceContext, _ clock: any WallClock
    ) -> Envelope {
        var json = ByteWriter(capacity: 96)
        json.append(ascii: "{\"type\":")
        json.append(jsonString: event.rawValue)
        json.append(key: "poll_id", of: poll.description)
        json.append(key: "post_id", of: post.description)
        json.append(ascii: "}")
        var envelope = Envelope(event.kind, eventID: uuidV7(clock: clock), context, payload: json.bytes)
        envelope[.poll] = poll
        envelope[.post] = post
        return envelope
    }
}
