public import Core
import Crypto
public import Store

/// A response that was given once and is given again, byte for byte, when the request is repeated with its key.
public struct StoredResponse: Sendable, Equatable {
    public let status: Int
    public let location: String?
    public let body: [UInt8]
    /// Whose tokens are in the response: it is given again for as long as this session lives.
    public let session: ID?
    /// False for a response to nothing: it is not worth a row.
    public let isKept: Bool

    public init(status: Int, location: String? = nil, body: [UInt8], session: ID? = nil, isKept: Bool = true) {
        self.status = status
        self.location = location
        self.body = body
        self.session = session
        self.isKept = isKept
    }
}

/// Runs a write at most once for a user, route and key (`IdempotentRequest` has the rule). The answer is stored in the
/// write's own transaction.
public struct Idempotency: Sendable {
    public static let hours: Int64 = 24
    private let database: Database
    private let box: SealedBox
    private let hashKey: [UInt8]
    private let sessionLives: @Sendable (SQL) -> SQL

    /// - Parameter sessionLives: whether the session with the id in a column lives.
    public init(database: Database, secret: [UInt8], sessionLives: @escaping @Sendable (SQL) -> SQL) {
        self.database = database
        self.sessionLives = sessionLives
        box = SealedBox(key: Crypto.derivedKey("idempotent answers", from: secret))
        hashKey = Crypto.derivedKey("idempotent requests", from: secret)
    }

    /// - Parameters:
    ///   - user: `ID.zero` for a caller who is not signed in.
    ///   - write: makes the change and its answer in the transaction; what it throws undoes all.
    /// - Returns: the answer, and whether it is a stored one.
    public func run(
        user: ID, route: String, key: String, request: [UInt8],
        _ write: @Sendable (Transaction) async throws -> StoredResponse
    ) async throws -> (answer: StoredResponse, replayed: Bool) {
        let request = IdempotentRequest(user: user, route: route, key: key, request: request, hashKey: hashKey)
        let route = request.route
        return try await database.transaction { transaction in
            let found = try await transaction.batch([
                """
                SELECT pg_try_advisory_xact_lock(
                    hashtextextended(\(user)::bigint || ' ' || \(route) || ' ' || \(key), 7)) AS is_mine
                """,
                """
                SELECT request_hash, response FROM idempotency_keys k
                WHERE user_id = \(user) AND route = \(route) AND key = \(key)
                    AND created_at > now() - make_interval(hours => \(Self.hours)::int)
                    AND (session_id IS NULL OR \(sessionLives("k.session_id")))
                """,
            ])
            let stored = try found[1].first.map {
                IdempotentRequest.Stored(hash: try $0.bytes("request_hash"), response: try $0.bytes("response"))
            }
            switch request.decide(isAlone: try found[0][0].bool("is_mine"), stored: stored, box: box) {
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
                VALUES (\(user), \(route), \(key), \(kept.hash), \(kept.response), \(answer.session))
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

extension StoredResponse {
    /// Status (2 bytes), length of the location (2), the location, the body.
    var encoded: [UInt8] {
        let location = Array((location ?? "").utf8)
        var writer = ByteWriter(capacity: 4 + location.count + body.count)
        writer.append(bigEndian: UInt64(status), width: 2)
        writer.append(bigEndian: UInt64(location.count), width: 2)
        writer.append(location)
        writer.append(body)
        return writer.bytes
    }

    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let status = reader.unsigned(width: 2), let length = reader.unsigned(width: 2),
            let location = reader.take(Int(length)), let body = reader.take(reader.remaining)
        else { return nil }
        self.init(
            status: Int(status), location: location.isEmpty ? nil : String(decoding: location, as: UTF8.self),
            body: Array(body))
    }
}
