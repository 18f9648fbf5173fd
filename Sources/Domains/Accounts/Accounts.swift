public import Core
public import Crypto
import HTTPService
public import SiteKeys
public import Store

/// Users, sessions and their tokens. Errors of input and state are `Problem`.
public struct Accounts: Sendable {
    private static let refreshTokenLength = 32
    /// Of one user; the oldest one ends for another.
    static let mostSessions: Int64 = 1_000
    /// NOTIFY on this channel tells every process which session has ended.
    public static let sessionChannel: StaticString = "martlet_session"

    let database: Database
    let ids: IDGenerator
    let hasher: PasswordHasher
    let signer: TokenSigner
    let answers: SealedBox
    let revocations: Revocations
    let suspensions: Suspensions
    let addresses: KnownAddresses
    /// For hashes of recovery codes, and of handles that nobody gets any more.
    let keptKeys: KeptKeys
    public let names: NameRules
    let clock: any WallClock

    public init(
        database: Database, ids: IDGenerator, hasher: PasswordHasher, signer: TokenSigner, answers: SealedBox,
        revocations: Revocations, suspensions: Suspensions, addresses: KnownAddresses, keptKeys: KeptKeys,
        names: NameRules, clock: any WallClock
    ) {
        self.database = database
        self.ids = ids
        self.hasher = hasher
        self.signer = signer
        self.answers = answers
        self.revocations = revocations
        self.suspensions = suspensions
        self.addresses = addresses
        self.keptKeys = keptKeys
        self.names = names
        self.clock = clock
    }

    // MARK: Sign-up and log-in. The hash is made before the transaction, for it takes milliseconds.

    public func hashPassword(_ password: String) async throws -> String {
        try await hasher.hash(password)
    }

    /// - Parameters:
    ///   - handle: checked and lower-cased.
    ///   - origin: the caller's, whose address is known from now on.
    public func signUp(
        _ transaction: Transaction, handle: String, displayName: String, passwordHash: String,
        from origin: SessionOrigin
    ) async throws -> SessionGrant {
        try await names.check([("handle", handle), ("display_name", displayName)], of: nil, in: transaction)
        let user = try await makeUser(transaction, handle: handle, displayName: displayName, passwordHash: passwordHash)
        return try await openSession(transaction, user: user, from: origin)
    }

    /// What is no hash of any password.
    static let noPassword = "*"

    /// - Parameter isAnonymous: the handle is made, not chosen.
    func makeUser(
        _ transaction: Transaction, handle: String, displayName: String, passwordHash: String,
        isAnonymous: Bool = false, recoveryHash: [UInt8]? = nil
    ) async throws -> UserView {
        let id = try ids.next()
        let inserted = try await transaction.query(
            """
            INSERT INTO users (id, handle, display_name, password_hash, anonymous, recovery_hash)
            VALUES (\(id), \(handle), \(displayName), \(passwordHash), \(isAnonymous), \(recoveryHash))
            ON CONFLICT (handle) DO NOTHING
            """)
        guard inserted.affected == 1 else { throw Self.taken(handle) }
        try await checkNotReserved(transaction, handle)
        try await transaction.query("INSERT INTO follow_counts (user_id) VALUES (\(id))")
        return UserView(
            id: id, handle: handle, displayName: displayName, followers: 0, following: 0, posts: 0,
            isAnonymous: isAnonymous)
    }

    /// A password that is changed meanwhile opens nothing: its change waits for this transaction and ends the session, or
    /// has been.
    public func logIn(
        _ transaction: Transaction, _ verified: VerifiedUser, from origin: SessionOrigin
    ) async throws -> SessionGrant {
        let results = try await transaction.batch([
            """
            SELECT \(Standing.columns) FROM users u
            WHERE u.id = \(verified.id) AND u.password_changes = \(verified.changes) FOR SHARE
            """,
            UserRow.select(verified.id),
        ])
        guard let standing = try results[0].first.map({ try Standing($0) }), let row = results[1].first else {
            throw Self.noSuchAccount
        }
        if case .suspended = standing { throw Self.accountSuspended }
        return try await openSession(
            transaction, user: try UserRow.view(row, relation: nil, isOwn: false), isLeaving: standing == .erasing,
            from: origin)
    }

    static let noSuchAccount = Problem(.invalidCredentials, "no account has this handle and password")

    func openSession(
        _ transaction: Transaction, user: UserView, isLeaving: Bool = false, from origin: SessionOrigin
    ) async throws -> SessionGrant {
        let session = try ids.next()
        let made = try await transaction.query(
            """
            INSERT INTO sessions (id, user_id, tokens_until)
            SELECT \(session)::bigint, \(user.id)::bigint, NULL WHERE \(Self.isAfterAll(session))
            """)
        guard made.affected == 1 else { throw Self.allHaveJustEnded }
        try await endSessions(
            transaction,
            where: """
                id IN (
                    SELECT id FROM sessions WHERE user_id = \(user.id) AND ended_at IS NULL AND tokens_until IS NULL
                    ORDER BY id DESC OFFSET \(Self.mostSessions))
                """)
        return try await grant(transaction, user: user, session: session, isLeaving: isLeaving, from: origin)
    }

    /// A session without a refresh token, for the operator's tools: it ends with the access token that it is for.
    public func openSession(of user: ID, seconds: Int64) async throws -> ID {
        let session = try ids.next()
        let made = try await database.query(
            """
            INSERT INTO sessions (id, user_id, tokens_until)
            SELECT \(session)::bigint, \(user)::bigint, now() + make_interval(secs => \(seconds)::int)
            WHERE \(Self.isAfterAll(session))
            """)
        guard made.affected == 1 else { throw Self.allHaveJustEnded }
        return session
    }

    func grant(
        _ transaction: Transaction, user: UserView, session: ID, isLeaving: Bool, from origin: SessionOrigin
    ) async throws -> SessionGrant {
        let refresh = Base64URL.encode(Crypto.randomBytes(Self.refreshTokenLength))
        // Of who has no name it is not written down where he comes from.
        let client = user.isAnonymous ? nil : origin.client
        let statements: [SQL] = [
            """
            INSERT INTO refresh_tokens (hash, session_id, expires_at)
            VALUES (
                \(Crypto.sha256(Array(refresh.utf8))), \(session),
                now() + make_interval(days => \(TokenLife.refreshDays)::int))
            """,
            "UPDATE sessions SET seen_at = now(), client = \(client) WHERE id = \(session)",
        ]
        let known = user.isAnonymous ? [] : [addresses.remember(origin.address, of: user.handle, user: user.id)]
        try await transaction.batch(statements + known)
        return SessionGrant(
            user: user, accessToken: accessToken(user: user.id, session: session, isLeaving: isLeaving),
            refreshToken: refresh,
            session: session, expiresIn: TokenLife.accessSeconds, isLeaving: isLeaving)
    }

    /// Could this be a refresh token? What could not is none, and is not looked for.
    public static func isRefreshToken(_ text: String) -> Bool {
        Base64URL.decode(text)?.count == refreshTokenLength
    }

    /// An access token for a session that exists. Also for `martlet token` and `seed`.
    public func accessToken(
        user: ID, session: ID, seconds: Int64 = TokenLife.accessSeconds, isLeaving: Bool = false
    ) -> String {
        let now = clock.milliseconds() / 1000
        return signer.sign(
            AccessToken(
                subject: user, session: session, issuedAt: now, expiresAt: now + seconds,
                tokenID: Base64URL.encode(Crypto.randomBytes(12)), isLeaving: isLeaving))
    }

    /// - Throws: `TokenFailure`.
    public func verify(_ accessToken: String) throws(TokenFailure) -> AccessToken {
        try signer.verify(accessToken, now: clock.milliseconds() / 1000)
    }
}
