public import Core
import Crypto
import DomainKit
public import HTTPService
public import Store

/// Who leaves: to others he is not here any more from the moment that he asks, and may come back for a while.
extension Accounts {
    /// All sessions end. Observers of the audience must be told once it is committed.
    /// - Returns: when the user is erased, in milliseconds since 1970.
    /// - Throws: `Problem` where the caller's session, or the password that was verified, has ended meanwhile.
    public func leave(
        _ transaction: Transaction, _ caller: Caller, verified: VerifiedUser, graceDays: Int, _ context: TraceContext
    ) async throws -> Int64 {
        let left = try await transaction.query(
            """
            UPDATE users SET erase_at = now() + make_interval(days => \(Int64(graceDays))::int)
            WHERE id = \(caller.user) AND password_changes = \(verified.changes) AND erase_at IS NULL
                AND \(Self.lives("\(caller.session)"))
            RETURNING (extract(epoch FROM erase_at) * 1000)::bigint AS erase_at
            """)
        guard let row = left.first else { throw Problem(.unauthenticated, "the session has ended: log in again") }
        try await endSessions(transaction, where: "user_id = \(caller.user)")
        try await transaction.query(UserEvent.erasing(caller.user, isErasing: true, context, clock: clock))
        return try row.integer("erase_at")
    }

    /// Observers of the audience must be told once it is committed.
    /// - Returns: whether the user is here again; he may be suspended.
    /// - Throws: `Problem` where he has not left, or was erased meanwhile.
    public func comeBack(
        _ transaction: Transaction, _ user: ID, _ context: TraceContext
    ) async throws -> Bool {
        let rows = try await transaction.query(
            """
            UPDATE users u SET erase_at = NULL WHERE id = \(user) AND erase_at IS NOT NULL
            RETURNING \(Standing.columns)
            """)
        guard let standing = try rows.first.map({ try Standing($0) }) else {
            throw Problem(.notFound, "the account is not about to be deleted")
        }
        if standing.isHere {
            try await transaction.query(UserEvent.erasing(user, isErasing: false, context, clock: clock))
        }
        return standing.isHere
    }

    private static let erasedHours: Int64 = 1

    /// Where accounts hold something of a user. The user himself goes last: what is written of him meanwhile keeps him.
    var holdings: [Holding] {
        [
            .rows("identities", ["user_id"]) { "user_id = \($0)" },
            .rows("known_addresses", ["user_id"]) { "user_id = \($0)" },
            .rows("refresh_tokens", ["session_id"]) {
                "session_id IN (SELECT id FROM sessions WHERE user_id = \($0))"
            },
            Self.sessions,
            .rows("follower_stripes", ["user_id"]) { "user_id = \($0)" },
            .rows("follow_counts", ["user_id"]) { "user_id = \($0)" },
            Holding(
                "postgres.users", columns: ["id"],
                .erased(eraseUser, count: { "SELECT count(*) FROM users WHERE id = \($0)" })),
            Holding(
                "postgres.erased_users", columns: ["id"],
                .agesOut(
                    hours: Int(Self.erasedHours), why: "the number alone, so that nothing under way is written for it",
                    check: .count { [database] user in
                        try await database.query("SELECT count(*) FROM erased_users WHERE id = \(user)")[0].int("count")
                    })),
        ]
    }

    /// They stay for as long as a token of theirs may live, of nobody: it must not become good again.
    private static let sessions = Holding(
        "postgres.sessions", columns: ["user_id"],
        .erased(
            { transaction, user, _, limit in
                let gone = try await transaction.query(
                    """
                    UPDATE sessions SET user_id = NULL, client = NULL, ended_at = COALESCE(ended_at, now())
                    WHERE id IN (SELECT id FROM sessions WHERE user_id = \(user) ORDER BY id LIMIT \(limit) FOR UPDATE)
                    """
                ).affected
                return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
            }, count: { "SELECT count(*) FROM sessions WHERE user_id = \($0)" }))

    /// Nobody else gets the handle.
    @Sendable private func eraseUser(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        let rows = try await transaction.query("SELECT handle FROM users WHERE id = \(user) FOR UPDATE")
        guard let row = rows.first else { return Holding.Step(removed: 0, next: nil) }
        try await transaction.batch([
            "INSERT INTO reserved_handles (hash) VALUES (\(try await reserved(try row.text("handle")))) ON CONFLICT DO NOTHING",
            UserEvent.erased(user, TraceContext(requestID: "erasure"), clock: clock),
            "DELETE FROM users WHERE id = \(user)",
            "INSERT INTO erased_users (id) VALUES (\(user))",
        ])
        return Holding.Step(removed: 1, next: nil)
    }

    /// Nothing that knew them can be under way any more.
    func forgetErased() async throws {
        try await database.query(
            "DELETE FROM erased_users WHERE at < now() - make_interval(hours => \(Self.erasedHours)::int)")
    }

    // MARK: Handles of those who were erased

    /// Of the handle a keyed hash.
    private func reserved(_ handle: String) async throws -> [UInt8] {
        Crypto.hmacSHA256(key: try await keptKeys.key(.reservedHandles), Array(handle.utf8))
    }

    /// Asked when the handle was taken: before that, its owner may be erased in between.
    /// - Throws: `Problem` where it belonged to somebody who was erased.
    func checkNotReserved(_ transaction: Transaction, _ handle: String) async throws {
        let found = try await transaction.query(
            "SELECT 1 FROM reserved_handles WHERE hash = \(try await reserved(handle))")
        guard found.isEmpty else { throw Self.taken(handle) }
    }

    static func taken(_ handle: String) -> Problem {
        Problem(.handleTaken, "the handle \(handle) belongs to somebody", field: "handle")
    }
}
