public import Core
import Crypto
public import Store

/// Refresh and log-out.
extension Accounts {
    /// Seconds for which a spent refresh token gets the first answer again: two tabs ask at once, an answer is lost.
    public static let refreshGraceSeconds: Int64 = 30

    public enum RefreshOutcome: Sendable {
        /// The answer.
        case granted([UInt8], session: ID)
        /// The token was spent a moment ago: the answer of that time.
        case repeated([UInt8], session: ID)
        /// The token was spent before: the session has been ended in this transaction, which must be committed.
        case reused
        case unknown
    }

    /// Spends the refresh token. Of fifty at once one is first, for the row is locked; the others get its answer.
    /// - Parameters:
    ///   - origin: the caller's, whose address is known from now on.
    ///   - answer: what the grant is told as.
    public func refresh(
        _ transaction: Transaction, refreshToken: String, from origin: SessionOrigin,
        answer: @Sendable (SessionGrant) -> [UInt8]
    ) async throws -> RefreshOutcome {
        let hash = Crypto.sha256(Array(refreshToken.utf8))
        let rows = try await transaction.query(
            """
            SELECT t.session_id, s.user_id, t.spent_at IS NOT NULL AS is_spent, s.ended_at IS NOT NULL OR NOT s.\(Self.isNoneOfAll) AS has_ended,
                t.expires_at <= now() AS is_expired,
                CASE WHEN t.spent_at > clock_timestamp() - make_interval(secs => \(Self.refreshGraceSeconds)::int)
                    THEN t.answer END AS answer
            FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.hash = \(hash) FOR UPDATE
            """)
        guard let row = rows.first else { return .unknown }
        let (session, hasEnded) = (try row.id("session_id"), try row.bool("has_ended"))
        if try row.bool("is_spent") {
            if !hasEnded, let sealed = try row.optionalBytes("answer"), let first = answers.open(sealed, for: hash) {
                return .repeated(first, session: session)
            }
            try await endSession(transaction, session)
            return .reused
        }
        guard !hasEnded, !(try row.bool("is_expired")) else { return .unknown }
        guard let user = try await transaction.query(UserRow.select(try row.id("user_id"), and: Standing.columns)).first
        else {
            return .unknown
        }
        let grant = try await grant(
            transaction, user: try UserRow.view(user, relation: nil, isOwn: false), session: session,
            isLeaving: try Standing(user) == .erasing, from: origin)
        let body = answer(grant)
        try await transaction.query(
            """
            UPDATE refresh_tokens SET spent_at = clock_timestamp(), answer = \(answers.seal(body, for: hash))
            WHERE hash = \(hash)
            """)
        return .granted(body, session: session)
    }

    /// Ends the session of the token.
    /// - Returns: false for a token that is not known, which changes nothing.
    public func logOut(_ transaction: Transaction, refreshToken: String) async throws -> Bool {
        let rows = try await transaction.query(
            "SELECT session_id FROM refresh_tokens WHERE hash = \(Crypto.sha256(Array(refreshToken.utf8)))")
        guard let row = rows.first else { return false }
        try await endSession(transaction, try row.id("session_id"))
        return true
    }

    func endSession(_ transaction: Transaction, _ session: ID) async throws {
        try await endSessions(transaction, where: "id = \(session)")
    }

    /// Ends those that have not ended.
    /// - Returns: how many.
    @discardableResult
    func endSessions(_ transaction: Transaction, where condition: SQL) async throws -> Int {
        let ended = try await transaction.query(
            """
            WITH ended AS (
                UPDATE sessions SET ended_at = now() WHERE id IN (
                    SELECT id FROM sessions WHERE \(condition) AND ended_at IS NULL ORDER BY id FOR UPDATE)
                RETURNING id)
            SELECT id, \(Self.notification(of: "id::text")) FROM ended
            """)
        // Here before the owner hears of it.
        let sessions = try ended.map { try $0.id("id") }
        transaction.afterCommit { [revocations] in revocations.add(sessions) }
        return sessions.count
    }

    /// Forgets answers that are not given again. What another process is about to forget is left to it, here and elsewhere:
    /// two that wait for each other's rows would be a deadlock.
    public static func removeAnswers(_ database: Database) async throws {
        try await database.query(
            """
            UPDATE refresh_tokens SET answer = NULL WHERE hash IN (
                SELECT hash FROM refresh_tokens
                WHERE answer IS NOT NULL AND spent_at < now() - make_interval(secs => \(refreshGraceSeconds)::int)
                LIMIT 10000 FOR UPDATE SKIP LOCKED)
            """)
    }
}
