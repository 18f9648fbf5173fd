import Core
import Crypto
import HTTPService
package import OpenIDConnect
package import Store

/// Accounts that are opened by providers. Of the person there is a keyed hash of the provider's `sub`, and nothing else.
extension Accounts {
    /// How young a session must be to stand for a password, for who has none.
    package static let youngMinutes = 10

    /// Somebody else's first log-in by the same identity was quicker: it has to be done anew.
    package struct IdentityTaken: Error {}

    /// Logs in who was named by a provider; who is new gets an account.
    /// - Parameters:
    ///   - logIn: that led to it; it is used up.
    ///   - subject: the provider's `sub`.
    /// - Throws: `IdentityTaken`, which nothing is left of.
    package func logIn(
        _ transaction: Transaction, _ subject: String, of provider: Provider, by logIn: PendingLogIn,
        from origin: SessionOrigin
    ) async throws -> (grant: SessionGrant, isNew: Bool) {
        // Of several at once the others wait here.
        let used = try await transaction.query(
            """
            INSERT INTO used_log_ins (mark, expires_at)
            VALUES (\(logIn.mark), to_timestamp(\(logIn.expiresAt)::bigint / 1000.0)) ON CONFLICT DO NOTHING
            """)
        guard used.affected == 1 else { throw Self.usedLogIn }
        let hash = try await hash(of: subject, provider, transaction)
        let found = try await transaction.query(
            """
            SELECT u.id, \(Standing.columns) FROM identities i JOIN users u ON u.id = i.user_id
            WHERE i.subject_hash = \(hash) FOR SHARE OF u
            """)
        guard let owner = found.first else {
            return (try await signUp(transaction, hash, of: provider, from: origin), true)
        }
        let standing = try Standing(owner)
        if case .suspended = standing { throw Self.accountSuspended }
        guard let row = try await transaction.query(UserRow.select(try owner.id("id"))).first else {
            throw IdentityTaken()
        }
        let user = try UserRow.view(row, relation: nil, isOwn: false)
        let grant = try await openSession(transaction, user: user, isLeaving: standing == .erasing, from: origin)
        return (grant, false)
    }

    private func signUp(
        _ transaction: Transaction, _ hash: [UInt8], of provider: Provider, from origin: SessionOrigin
    ) async throws -> SessionGrant {
        let handle = AnonymousHandle.random()
        let user = try await makeUser(
            transaction, handle: handle, displayName: handle, passwordHash: Self.noPassword, isAnonymous: true)
        let written = try await transaction.query(
            """
            INSERT INTO identities (subject_hash, provider, user_id) VALUES (\(hash), \(provider.name), \(user.id))
            ON CONFLICT DO NOTHING
            """)
        guard written.affected == 1 else { throw IdentityTaken() }
        return try await openSession(transaction, user: user, from: origin)
    }

    /// By the issuer, so that the operator may call the provider something else.
    private func hash(of subject: String, _ provider: Provider, _ transaction: Transaction) async throws -> [UInt8] {
        let rows = try await transaction.query("SELECT key FROM identity_key")
        return Crypto.hmacSHA256(key: try rows[0].bytes("key"), Array("\(provider.issuer)\n\(subject)".utf8))
    }

    /// As far as is known before the transaction.
    func isUsed(_ logIn: PendingLogIn) async throws -> Bool {
        try await !database.query("SELECT 1 FROM used_log_ins WHERE mark = \(logIn.mark)").isEmpty
    }

    static let usedLogIn = Problem(.invalidField, "this log-in is done: start another one", field: "state")

    /// Forgets those that have ended.
    static func removeUsedLogIns(_ database: Database) async throws {
        try await database.query(
            """
            DELETE FROM used_log_ins WHERE mark IN (
                SELECT mark FROM used_log_ins WHERE expires_at < now() - interval '1 minute'
                ORDER BY expires_at LIMIT 10000 FOR UPDATE SKIP LOCKED)
            """)
    }

    // MARK: In place of a password

    func kind(of user: ID) async throws -> AccountKind {
        let rows = try await database.query(
            """
            SELECT anonymous, password_hash <> \(Self.noPassword) AS has_password,
                EXISTS (SELECT FROM identities WHERE user_id = users.id) AS has_identity
            FROM users WHERE id = \(user)
            """)
        guard let row = rows.first else { throw Problem(.unauthenticated, "the account has gone") }
        return AccountKind(
            isAnonymous: try row.bool("anonymous"), hasPassword: try row.bool("has_password"),
            hasIdentity: try row.bool("has_identity"))
    }

    /// - Throws: `Problem`: `passwordRequired` where the session is too old to stand for a password.
    func verifyBySession(_ caller: Caller) async throws -> VerifiedUser {
        let rows = try await database.query(
            """
            SELECT u.password_changes FROM users u JOIN sessions s ON s.user_id = u.id
            WHERE u.id = \(caller.user) AND s.id = \(caller.session)
                AND s.opened_at > now() - make_interval(mins => \(Int64(Self.youngMinutes))::int)
            """)
        guard let row = rows.first else {
            throw Problem(
                .passwordRequired,
                "this account has no password: log in by its provider again, and confirm within "
                    + "\(Self.youngMinutes) minutes")
        }
        return VerifiedUser(id: caller.user, changes: try row.integer("password_changes"))
    }
}
