public import Core
import Crypto
public import Store

/// An answer that was given once and is given again, byte for byte, when the request is repeated with its key.
public struct StoredAnswer: Sendable, Equatable {
    public let status: Int
    public let location: String?
    public let body: [UInt8]
    /// Whose tokens are in the answer: it is given again for as long as this session lives.
    public let session: ID?
    /// False for an answer to nothing: it is not worth a row.
    public let isKept: Bool

    public init(status: Int, location: String? = nil, body: [UInt8], session: ID? = nil, isKept: Bool = true) {
        self.status = status
        self.location = location
        self.body = body
        self.session = session
        self.isKept = isKept
    }
}

/// Runs a write at most once for a user, route and key. The answer is stored in the write's own transaction, sealed,
/// for it may hold tokens, and bound to its row; the request is known by a keyed hash, for it may hold a password.
///
/// Whoever is not signed in has no name to keep keys under: there the request itself is the name, so that no stranger meets
/// a key of another, or learns that there is one.
public struct Idempotency: Sendable {
    public static let hours: Int64 = 24
    private let database: Database
    private let box: SealedBox
    private let hashKey: [UInt8]

    public init(database: Database, secret: [UInt8]) {
        self.database = database
        box = SealedBox(key: Crypto.derivedKey("idempotent answers", from: secret))
        hashKey = Crypto.derivedKey("idempotent requests", from: secret)
    }

    /// - Parameters:
    ///   - user: `ID.zero` for a caller who is not signed in.
    ///   - write: makes the change and its answer in the transaction; what it throws undoes all.
    /// - Returns: the answer, and whether it is a stored one.
    public func run(
        user: ID, route: String, key: String, request: [UInt8],
        _ write: @Sendable (Transaction) async throws -> StoredAnswer
    ) async throws -> (answer: StoredAnswer, replayed: Bool) {
        let requestHash = Crypto.hmacSHA256(key: hashKey, request)
        let route = user == .zero ? "\(route) \(Base64URL.encode(requestHash.prefix(16)))" : route
        let name: [PgValue] = [.integer(user.raw), .text(route), .text(key)]
        // Neither a route nor a key has a line feed.
        let row = Array("\(user)\n\(route)\n\(key)\n".utf8)
        let boundHash = Crypto.hmacSHA256(key: hashKey, row + requestHash)
        return try await database.transaction { transaction in
            let found = try await transaction.batch([
                Statement(
                    "SELECT pg_try_advisory_xact_lock(hashtextextended($1::bigint || ' ' || $2 || ' ' || $3, 7))", name),
                Statement(
                    """
                    SELECT request_hash, response FROM idempotency_keys k
                    WHERE user_id = $1 AND route = $2 AND key = $3 AND created_at > now() - make_interval(hours => 24)
                        AND (session_id IS NULL OR EXISTS (SELECT FROM live_sessions l WHERE l.id = k.session_id))
                    """, name),
            ])
            guard try found[0][0].bool(0) else {
                throw Problem(
                    .conflict, "a request with this idempotency key is still running", field: "Idempotency-Key",
                    retryAfter: 1)
            }
            if let row = found[1].first, !Mutation.ignoreIdempotencyKey.isOn {
                // A version before has bound neither the hash nor the answer to the row.
                let hash = try row.bytes(0)
                let isBound = hash == boundHash
                guard isBound || hash == requestHash,
                    let answer = box.open(try row.bytes(1), for: isBound ? boundHash : []).flatMap(StoredAnswer.init)
                else {
                    throw Problem(
                        .idempotencyConflict, "this idempotency key came with another request before",
                        field: "Idempotency-Key")
                }
                return (answer, true)
            }
            let answer = try await write(transaction)
            guard answer.isKept else { return (answer, false) }
            let sealed = box.seal(answer.encoded, for: boundHash)
            try await transaction.commit([
                Statement(
                    """
                    INSERT INTO idempotency_keys (user_id, route, key, request_hash, response, session_id)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (user_id, route, key) DO UPDATE
                    SET request_hash = excluded.request_hash, response = excluded.response,
                        session_id = excluded.session_id, created_at = now()
                    """,
                    name + [.bytes(boundHash), .bytes(sealed), answer.session.map { .integer($0.raw) } ?? .null])
            ])
            return (answer, false)
        }
    }

    /// How many keys are kept, as PostgreSQL estimates it. They are bounded by their age and by the rate limits.
    public func count() async throws -> Int {
        let rows = try await database.query(
            "SELECT GREATEST(reltuples, 0)::bigint FROM pg_class WHERE oid = 'idempotency_keys'::regclass")
        return Int(try rows[0].integer(0))
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

extension StoredAnswer {
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
