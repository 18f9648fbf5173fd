public import Core
public import Crypto
public import Store

/// Runs a write at most once for a user, route and key (`IdempotentRequest` has the rule). The answer is stored in the
/// write's own transaction.
public struct Idempotency: Sendable {
    public static let hours: Int64 = 24
    private let database: Database
    private let box: SealedBox
    private let hashKeys: SecretKeys
    private let sessionLives: @Sendable (SQL) -> SQL

    /// - Parameter sessionLives: whether the session with the id in a column lives.
    public init(database: Database, secrets: SiteSecrets, sessionLives: @escaping @Sendable (SQL) -> SQL) {
        self.database = database
        self.sessionLives = sessionLives
        box = SealedBox(ofStored: secrets.keys("idempotent answers"))
        hashKeys = secrets.keys("idempotent requests")
    }

    /// - Parameters:
    ///   - user: `ID.zero` for a caller who is not signed in.
    ///   - write: makes the change and its answer in the transaction; what it throws undoes all.
    /// - Returns: the answer, and whether it is a stored one.
    public func run(
        user: ID, route: String, key: String, request: [UInt8],
        _ write: @Sendable (Transaction) async throws -> StoredResponse
    ) async throws -> (answer: StoredResponse, replayed: Bool) {
        // As each secret names it: the process that has done it may sign with another one.
        let asked = hashKeys.all.map {
            IdempotentRequest(user: user, route: route, key: key, request: request, hashKey: $0)
        }
        let (request, routes) = (asked[0], Set(asked.map(\.route)).sorted())
        return try await database.transaction { transaction in
            let found = try await transaction.batch([
                """
                SELECT bool_and(pg_try_advisory_xact_lock(
                    hashtextextended(\(user)::bigint || ' ' || r || ' ' || \(key), 7))) AS is_mine
                FROM unnest(\(routes)::text[]) r
                """,
                """
                SELECT request_hash, response FROM idempotency_keys k
                WHERE user_id = \(user) AND route = ANY (\(routes)::text[]) AND key = \(key)
                    AND created_at > now() - make_interval(hours => \(Self.hours)::int)
                    AND (session_id IS NULL OR \(sessionLives("k.session_id")))
                """,
            ])
            let stored = try found[1].first.map {
                IdempotentRequest.Stored(hash: try $0.bytes("request_hash"), response: try $0.bytes("response"))
            }
            let known = asked.first { stored.map($0.isThis) ?? false } ?? request
            switch known.decide(isAlone: try found[0][0].bool("is_mine"), stored: stored, box: box) {
            case .replay(let answer): return (answer, true)
            case .running:
                throw Problem(
                    .conflict, "a request with this idempotency key is still running", field: "Idempotency-Key",
                    retryAfter: 1)
            case .conflict:
                throw Problem(
                    .idempotencyConflict, "this idempotency key came with another request before",
                    field: "Idempotency-Key")
            case .run: break
            }
            let answer = try await write(transaction)
            guard answer.isKept else { return (answer, false) }
            let kept = request.stored(answer, box: box)
            try await transaction.commit([
                """
                INSERT INTO idempotency_keys (user_id, route, key, request_hash, response, session_id)
                VALUES (\(user), \(request.route), \(key), \(kept.hash), \(kept.response), \(answer.session))
                ON CONFLICT (user_id, route, key) DO UPDATE
                SET request_hash = excluded.request_hash, response = excluded.response,
                    session_id = excluded.session_id, created_at = now()
                """
            ])
            return (answer, false)
        }
    }

    /// How many keys are kept, as PostgreSQL estimates it. They are bounded by their age and by the rate limits.
    public func count() async throws -> Int {
        let rows = try await database.query(
            "SELECT GREATEST(reltuples, 0)::bigint AS count FROM pg_class WHERE oid = 'idempotency_keys'::regclass")
        return try rows[0].int("count")
    }

    /// Forgets keys that are too old to be honoured, some at a time. What another process is about to forget is left to it.
    public func removeExpired() async throws {
        try await database.query(
            """
            DELETE FROM idempotency_keys WHERE (user_id, route, key) IN (
                SELECT user_id, route, key FROM idempotency_keys
                WHERE created_at < now() - make_interval(hours => 25)
                ORDER BY created_at LIMIT 10000 FOR UPDATE SKIP LOCKED)
            """)
    }
}
