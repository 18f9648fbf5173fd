public import Core
public import Crypto
public import Store
public import Wire

/// A signed-in user's tokens.
public struct SessionGrant: Sendable {
    public let user: UserView
    public let accessToken: String
    public let refreshToken: String
    /// Seconds until the access token ends.
    public let expiresIn: Int64
}

/// Users, sessions and their tokens. Errors of input and state are `Problem`.
public struct Accounts: Sendable {
    public static let accessTokenSeconds: Int64 = 900
    static let refreshTokenDays: Int64 = 30
    /// NOTIFY on this channel tells every process which session has ended.
    public static let sessionChannel = "martlet_session"

    let database: Database
    let ids: IDGenerator
    let hasher: PasswordHasher
    let signer: TokenSigner
    let revocations: Revocations
    let clock: any WallClock

    public init(
        database: Database, ids: IDGenerator, hasher: PasswordHasher, signer: TokenSigner, revocations: Revocations,
        clock: any WallClock
    ) {
        self.database = database
        self.ids = ids
        self.hasher = hasher
        self.signer = signer
        self.revocations = revocations
        self.clock = clock
    }

    // MARK: Sign-up and log-in. The hash is made before the transaction, for it takes milliseconds.

    public func hashPassword(_ password: String) async throws -> String {
        try await hasher.hash(password)
    }

    /// - Parameter handle: checked and lower-cased.
    public func signUp(
        _ transaction: Transaction, handle: String, displayName: String, passwordHash: String
    ) async throws -> SessionGrant {
        let id = ids.next()
        let inserted = try await transaction.query(
            """
            INSERT INTO users (id, handle, display_name, password_hash) VALUES ($1, $2, $3, $4)
            ON CONFLICT (handle) DO NOTHING
            """,
            [.integer(id.raw), .text(handle), .text(displayName), .text(passwordHash)])
        guard inserted.affected == 1 else {
            throw Problem(.handleTaken, "the handle \(handle) belongs to somebody", field: "handle")
        }
        let user = UserView(
            id: id, handle: handle, displayName: displayName, followers: 0, following: 0, posts: 0, followed: nil)
        return try await openSession(transaction, user: user)
    }

    /// Checks handle and password, in the same time whether the handle exists or not.
    public func authenticate(handle: String, password: String) async throws -> ID {
        let rows = try await database.query("SELECT id, password_hash FROM users WHERE handle = $1", [.text(handle)])
        guard try await hasher.verify(password, against: rows.first?.text(1)), let row = rows.first else {
            throw Problem(.invalidCredentials, "no account has this handle and password")
        }
        return ID(raw: row.integer(0))
    }

    public func logIn(_ transaction: Transaction, user: ID) async throws -> SessionGrant {
        let rows = try await transaction.query(UserRow.byID, [.integer(user.raw)])
        guard let row = rows.first else { throw Problem(.invalidCredentials, "the account has gone") }
        return try await openSession(transaction, user: UserRow.view(row, followed: nil))
    }

    private func openSession(_ transaction: Transaction, user: UserView) async throws -> SessionGrant {
        let session = ids.next()
        try await transaction.query(
            "INSERT INTO sessions (id, user_id) VALUES ($1, $2)", [.integer(session.raw), .integer(user.id.raw)])
        return try await grant(transaction, user: user, session: session)
    }

    /// A session without a refresh token, for the operator's tools.
    public func openSession(of user: ID) async throws -> ID {
        let session = ids.next()
        try await database.query(
            "INSERT INTO sessions (id, user_id) VALUES ($1, $2)", [.integer(session.raw), .integer(user.raw)])
        return session
    }

    private func grant(_ transaction: Transaction, user: UserView, session: ID) async throws -> SessionGrant {
        let refresh = Base64URL.encode(Crypto.randomBytes(32))
        try await transaction.query(
            """
            INSERT INTO refresh_tokens (hash, session_id, expires_at)
            VALUES ($1, $2, now() + make_interval(days => $3::int))
            """,
            [.bytes(Crypto.sha256(Array(refresh.utf8))), .integer(session.raw), .integer(Self.refreshTokenDays)])
        return SessionGrant(
            user: user, accessToken: accessToken(user: user.id, session: session), refreshToken: refresh,
            expiresIn: Self.accessTokenSeconds)
    }

    /// An access token for a session that exists. Also for `martlet token` and `seed`.
    public func accessToken(user: ID, session: ID, seconds: Int64 = accessTokenSeconds) -> String {
        let now = clock.milliseconds() / 1000
        return signer.sign(
            AccessToken(
                subject: user, session: session, issuedAt: now, expiresAt: now + seconds,
                tokenID: Base64URL.encode(Crypto.randomBytes(12))))
    }

    /// - Throws: `TokenFailure`.
    public func verify(_ accessToken: String) throws(TokenFailure) -> AccessToken {
        try signer.verify(accessToken, now: clock.milliseconds() / 1000)
    }

    // MARK: Refresh and log-out

    public enum RefreshOutcome: Sendable {
        case granted(SessionGrant)
        /// The token was spent before: the session has been ended in this transaction, which must be committed.
        case reused
        case unknown
    }

    /// Spends the refresh token. Of fifty at once one wins: the row is locked.
    public func refresh(_ transaction: Transaction, refreshToken: String) async throws -> RefreshOutcome {
        let hash = Crypto.sha256(Array(refreshToken.utf8))
        let rows = try await transaction.query(
            """
            SELECT t.session_id, s.user_id, t.spent_at IS NOT NULL, s.ended_at IS NOT NULL OR t.expires_at <= now()
            FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.hash = $1 FOR UPDATE
            """, [.bytes(hash)])
        guard let row = rows.first else { return .unknown }
        let session = ID(raw: row.integer(0))
        if row.bool(2) {
            try await endSession(transaction, session)
            return .reused
        }
        guard !row.bool(3) else { return .unknown }
        try await transaction.query("UPDATE refresh_tokens SET spent_at = now() WHERE hash = $1", [.bytes(hash)])
        guard let user = try await transaction.query(UserRow.byID, [.integer(row.integer(1))]).first else {
            return .unknown
        }
        return .granted(try await grant(transaction, user: UserRow.view(user, followed: nil), session: session))
    }

    /// Ends the session of the token; a token that is not known changes nothing.
    public func logOut(_ transaction: Transaction, refreshToken: String) async throws {
        let rows = try await transaction.query(
            "SELECT session_id FROM refresh_tokens WHERE hash = $1", [.bytes(Crypto.sha256(Array(refreshToken.utf8)))])
        if let row = rows.first { try await endSession(transaction, ID(raw: row.integer(0))) }
    }

    private func endSession(_ transaction: Transaction, _ session: ID) async throws {
        try await transaction.batch([
            Statement(
                "UPDATE sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL", [.integer(session.raw)]),
            Statement("SELECT pg_notify('martlet_session', $1)", [.text(session.description)]),
        ])
        // Here at once, before anybody hears of the commit. Should that fail, the session has ended in this process only,
        // and its owner, who got an error, asks again.
        revocations.add(session)
    }

    /// Forgets refresh tokens that have expired, and sessions that ended a month ago with the tokens they had.
    public static func removeExpired(_ database: Database) async throws {
        try await database.batch([
            Statement("DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day'"),
            Statement("DELETE FROM sessions WHERE ended_at < now() - interval '31 days'"),
        ])
    }

    /// Sessions that ended while an access token of theirs may still be valid.
    public func recentlyEndedSessions() async throws -> [ID] {
        try await database.query(
            "SELECT id FROM sessions WHERE ended_at > now() - make_interval(secs => $1::int)",
            [.integer(Self.accessTokenSeconds + 60)]
        ).map { ID(raw: $0.integer(0)) }
    }
}
