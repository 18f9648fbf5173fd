public import Core
import HTTPService
public import Store

/// What the operator ends.
extension Accounts {
    /// Of the sessions' own rows.
    static let mostWrittenAtOnce = 1000

    /// Ends all sessions of a user.
    /// - Returns: how many.
    public func endSessions(_ transaction: Transaction, of user: ID) async throws -> Int {
        try await endSessions(transaction, where: "user_id = \(user)")
    }

    /// Ends all sessions that there are, in one statement, however many: those made until now by an id. Others were made by a process
    /// whose clock is ahead: these are few, and end one by one.
    /// - Returns: the last of those made until now.
    public func endAllSessions(_ transaction: Transaction) async throws -> ID {
        let rows = try await transaction.query(
            """
            WITH cut AS (
                UPDATE ended_sessions SET ended_at = now(), up_to = GREATEST(up_to,
                    (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint - \(ID.originMilliseconds)) << 12 | 4095)
                RETURNING up_to),
            ahead AS (
                UPDATE sessions SET ended_at = now() WHERE id > (SELECT up_to FROM cut) AND ended_at IS NULL
                RETURNING id)
            SELECT up_to, NULL::bigint AS id,
                \(Self.notification(of: "\(Revocations.all) || up_to")) FROM cut
            UNION ALL
            SELECT NULL, id, \(Self.notification(of: "id::text")) FROM ahead
            """)
        var (last, ahead) = (ID.zero, [ID]())
        for row in rows {
            if let upTo = try row.optionalID("up_to") { last = upTo } else { ahead.append(try row.id("id")) }
        }
        transaction.afterCommit { [revocations, last, ahead] in
            revocations.endAll(upTo: last)
            revocations.add(ahead)
        }
        return last
    }

    /// A session that a process makes whose clock is behind would have ended before it began.
    static func isAfterAll(_ session: ID) -> SQL { "\(session)::bigint > (SELECT up_to FROM ended_sessions)" }

    static let allHaveJustEnded = Problem(
        .overloaded, "all sessions have just been ended: log in again", retryAfter: 1)

    /// The rows of the sessions that ended with all say so, too, some at a time: versions before read nothing else, and what goes with
    /// a session is removed by it. Nobody is told: who must know knows.
    /// - Returns: how many; `mostWrittenAtOnce`: there may be more.
    static func writeEndOfAll(_ database: Database) async throws -> Int {
        let rows = try await database.query(
            """
            WITH todo AS MATERIALIZED (
                SELECT e.up_to, e.ended_at, e.written FROM ended_sessions e WHERE e.written < e.up_to
                FOR UPDATE SKIP LOCKED),
            part AS MATERIALIZED (
                SELECT s.id, s.ended_at FROM sessions s
                WHERE s.id > (SELECT written FROM todo) AND s.id <= (SELECT up_to FROM todo)
                ORDER BY s.id LIMIT \(mostWrittenAtOnce)),
            written AS (
                UPDATE sessions s SET ended_at = (SELECT ended_at FROM todo) FROM part
                WHERE s.id = part.id AND s.ended_at IS NULL)
            UPDATE ended_sessions SET written = CASE WHEN (SELECT count(*) FROM part) < \(mostWrittenAtOnce)
                THEN (SELECT up_to FROM todo) ELSE (SELECT max(id) FROM part) END
            WHERE EXISTS (SELECT FROM todo)
            RETURNING (SELECT count(*) FROM part) AS count
            """)
        return try rows.first?.int("count") ?? 0
    }
}
