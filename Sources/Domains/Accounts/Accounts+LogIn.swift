import Core
import Crypto
import HTTPService
import Store

/// What a log-in is checked against.
public struct LogInCandidate: Sendable {
    /// `nil` where nobody has the handle.
    let user: ID?
    let passwordHash: String?
    /// How often the password was changed.
    let changes: Int64
    /// The account was opened from the caller's address before.
    public let isFromKnownAddress: Bool
}

extension Accounts {
    /// - Parameter handle: lower-cased, without U+0000.
    public func candidate(handle: String, from address: String) async throws -> LogInCandidate {
        let rows = try await database.query(
            """
            SELECT id, password_hash, password_changes, EXISTS (
                SELECT FROM known_addresses
                WHERE user_id = users.id AND address = ANY (\(addresses.names(address, of: handle))::bytea[])
                    AND seen_at > now() - make_interval(days => \(KnownAddresses.days)::int)) AS is_known
            FROM users WHERE handle = \(handle)
            """)
        guard let row = rows.first else {
            return LogInCandidate(user: nil, passwordHash: nil, changes: 0, isFromKnownAddress: false)
        }
        return LogInCandidate(
            user: try row.id("id"), passwordHash: try row.text("password_hash"),
            changes: try row.integer("password_changes"), isFromKnownAddress: try row.bool("is_known"))
    }

    /// Checks the password. A wrong one is answered after the same work whether the handle exists or not, and however long
    /// ago its hash was made.
    public func authenticate(_ candidate: LogInCandidate, password: String) async throws -> VerifiedUser {
        let verdict = try await hasher.verify(password, against: candidate.passwordHash)
        guard verdict != .wrong, let user = candidate.user, let hash = candidate.passwordHash else {
            throw Self.noSuchAccount
        }
        if verdict == .rightButCheap { await renewHash(of: user, password, old: hash) }
        return VerifiedUser(id: user, changes: candidate.changes)
    }

    /// The cost was raised since the hash was made. Should this fail, the next log-in does it.
    private func renewHash(of user: ID, _ password: String, old: String) async {
        do {
            let new = try await hasher.hash(password)
            try await database.query(
                "UPDATE users SET password_hash = \(new) WHERE id = \(user) AND password_hash = \(old)")
        } catch {
            Log.warning(.passwordHashNotRenewed, ["user": .text(user.description), "error": .text("\(error)")])
        }
    }
}
