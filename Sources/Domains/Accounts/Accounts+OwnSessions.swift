import Core
import HTTPService
import Store

/// What users do with their own sessions.
extension Accounts {
    /// Those that live, newest first.
    func sessions(of caller: Caller, below: ID, limit: Int) async throws -> [SessionView] {
        try await database.query(
            """
            SELECT s.id, (extract(epoch FROM s.seen_at) * 1000)::bigint AS seen_at, s.client FROM sessions s
            WHERE s.user_id = \(caller.user) AND s.id < \(below) AND \(Self.lives("s.id"))
            ORDER BY s.id DESC LIMIT \(limit)
            """
        ).map { row in
            let id = try row.id("id")
            return SessionView(
                id: id, seenAt: try row.optionalInteger("seen_at") ?? id.milliseconds,
                client: try row.optionalText("client"), isCurrent: id == caller.session)
        }
    }

    /// - Throws: `Problem` where the user has no such session.
    func endSession(_ transaction: Transaction, _ session: ID, of user: ID) async throws {
        let found = try await transaction.query(
            "SELECT id FROM sessions WHERE id = \(session) AND user_id = \(user)")
        guard !found.isEmpty else { throw Problem(.notFound, "there is no session \(session)") }
        try await endSession(transaction, session)
    }

    static let oldPasswordRequired = Problem(
        .passwordRequired, "a new password needs the old one", field: "old_password")

    func handle(of user: ID) async throws -> String? {
        try await database.query("SELECT handle FROM users WHERE id = \(user)").first.map { try $0.text("handle") }
    }

    /// A new password ends all sessions but the caller's, and the recovery code: whoever knew the old password may have
    /// asked for it. The first one of an account that was anonymous leaves the code.
    func change(
        _ change: CredentialChange, in transaction: Transaction, of caller: Caller, from origin: SessionOrigin,
        _ context: TraceContext
    ) async throws {
        let new = change.password
        var isRenamed = false
        if let handle = change.handle {
            let isOwn =
                try await transaction.query(
                    "SELECT id FROM users WHERE id = \(caller.user) AND handle = \(handle)"
                ).count > 0
            isRenamed = !isOwn
            if isRenamed || change.makesNamed {
                try await names.check([("handle", handle)], of: caller.user, in: transaction)
            }
        }
        do {
            // Locked by a statement of its own: who waits for the row sees by the next one what has become of the session.
            let changed = try await transaction.batch([
                "SELECT id FROM users WHERE id = \(caller.user) FOR NO KEY UPDATE",
                """
                UPDATE users SET handle = COALESCE(\(change.handle)::text, handle), anonymous = false,
                    display_name = CASE WHEN anonymous AND display_name = handle
                        THEN COALESCE(\(change.handle)::text, handle) ELSE display_name END,
                    recovery_hash = CASE WHEN \(new == nil || change.makesNamed) THEN recovery_hash END,
                    password_hash = COALESCE(\(new?.hash)::text, password_hash),
                    password_changes = password_changes + \(new == nil ? 0 : 1 as Int64)::int
                WHERE id = \(caller.user) AND (\(new == nil) OR anonymous = \(change.makesNamed))
                    AND password_changes = COALESCE(\(new?.old?.changes)::int, password_changes)
                    AND \(Self.lives("\(caller.session)"))
                """,
            ])[1]
            guard changed.affected == 1 else {
                if change.makesNamed, new != nil { throw Self.oldPasswordRequired }
                throw Problem(.unauthenticated, "the session has ended: log in again")
            }
        } catch let error as PgError where error.constraint == "users_handle_key" {
            throw Self.taken(change.handle ?? "")
        }
        if isRenamed { try await updated(caller.user, in: transaction, context) }
        if let handle = change.handle {
            try await checkNotReserved(transaction, handle)
            try await transaction.query(addresses.remember(origin.address, of: handle, user: caller.user))
        }
        guard new != nil else { return }
        try await endSessions(transaction, where: "user_id = \(caller.user) AND id <> \(caller.session)")
    }
}
