import Core
import Crypto
import HTTPService
import Store

/// Accounts without a name or a password, and the codes that open an account without its password.
extension Accounts {
    /// - Parameter displayName: `nil`: the handle.
    /// - Returns: a session with the account's first recovery code.
    func signUpAnonymously(
        _ transaction: Transaction, displayName: String?, from origin: SessionOrigin
    ) async throws -> SessionGrant {
        try await names.check([("display_name", displayName)], of: nil, in: transaction)
        let (handle, code) = (AnonymousHandle.random(), RecoveryCode.random())
        let user = try await makeUser(
            transaction, handle: handle, displayName: displayName ?? handle, passwordHash: Self.noPassword,
            isAnonymous: true, recoveryHash: try await hash(of: code))
        var grant = try await openSession(transaction, user: user, from: origin)
        grant.recoveryCode = code.text
        return grant
    }

    /// Whose account the code opens, as far as is known before the transaction.
    func hasOwner(_ code: RecoveryCode) async throws -> Bool {
        try await !database.query("SELECT id FROM users WHERE recovery_hash = \(try await hash(of: code))").isEmpty
    }

    /// Spends the code, and ends all sessions. Of several at once with one code the first is served: it has the row.
    /// - Parameter passwordHash: of the new password; `nil`: it stays.
    /// - Returns: a session with the next code.
    func recover(
        _ transaction: Transaction, _ code: RecoveryCode, passwordHash: String?, from origin: SessionOrigin
    ) async throws -> SessionGrant {
        // Found by a keyed hash, of which nobody can try one byte after the other: the time tells nothing of the code.
        let found = try await transaction.query(
            """
            SELECT u.id, u.anonymous, \(Standing.columns) FROM users u WHERE u.recovery_hash = \(try await hash(of: code))
            FOR NO KEY UPDATE
            """)
        guard let owner = found.first else { throw Self.noSuchCode }
        let (id, standing) = (try owner.id("id"), try Standing(owner))
        if case .suspended = standing { throw Self.accountSuspended }
        if passwordHash != nil, try owner.bool("anonymous") {
            throw Problem(
                .invalidField,
                "an anonymous account has no password: it gets one with a handle (PUT /v1/me/credentials)",
                field: "password")
        }
        let next = RecoveryCode.random()
        let results = try await transaction.batch([
            """
            UPDATE users SET recovery_hash = \(try await hash(of: next)),
                password_hash = COALESCE(\(passwordHash)::text, password_hash), password_changes = password_changes + 1
            WHERE id = \(id)
            """,
            UserRow.select(id),
        ])
        guard let row = results[1].first else { throw Self.noSuchCode }
        try await endSessions(transaction, where: "user_id = \(id)")
        var grant = try await openSession(
            transaction, user: try UserRow.view(row, relation: nil, isOwn: false), isLeaving: standing == .erasing,
            from: origin)
        grant.recoveryCode = next.text
        return grant
    }

    static let noSuchCode = Problem(.invalidCredentials, "no account has this recovery code")

    /// - Returns: a code in place of the one that the account had, if any.
    /// - Throws: `Problem` where the caller's session, or what was verified, has ended meanwhile.
    func replaceRecoveryCode(
        _ transaction: Transaction, of caller: Caller, verified: VerifiedUser
    ) async throws -> RecoveryCode {
        let code = RecoveryCode.random()
        let changed = try await transaction.query(
            """
            UPDATE users SET recovery_hash = \(try await hash(of: code)), password_changes = password_changes + 1
            WHERE id = \(caller.user) AND password_changes = \(verified.changes)
                AND \(Self.lives("\(caller.session)"))
            """)
        guard changed.affected == 1 else {
            throw Problem(.unauthenticated, "the session has ended: log in again")
        }
        return code
    }

    /// - Returns: `nil` where it is another one, or there is none.
    func verify(_ code: RecoveryCode, of user: ID) async throws -> VerifiedUser? {
        let rows = try await database.query(
            "SELECT recovery_hash, password_changes FROM users WHERE id = \(user)")
        guard let row = rows.first, let known = try row.optionalBytes("recovery_hash"),
            try await Crypto.equal(known, hash(of: code))
        else { return nil }
        return VerifiedUser(id: user, changes: try row.integer("password_changes"))
    }

    private func hash(of code: RecoveryCode) async throws -> [UInt8] {
        code.hash(key: try await keptKeys.key(.recoveryCodes))
    }
}
