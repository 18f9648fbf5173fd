import Core
import Crypto
import HTTPService
import Sockets
import Store

/// Exports as they are asked for and fetched.
struct Exports: Sendable {
    /// Of an account within 24 hours.
    static let mostADay: Int64 = 2
    /// That wait, of all accounts.
    private static let mostWaiting: Int64 = 1000

    let database: Database
    let ids: IDGenerator
    /// What the keys of archives are made from.
    let keys: SecretKeys

    /// - Throws: `Problem` where one is under way, or there were enough today.
    func request(_ transaction: Transaction, of user: ID) async throws -> Export {
        // Two requests at once wait for each other here.
        let known = try await transaction.query("SELECT id FROM users WHERE id = \(user) FOR NO KEY UPDATE")
        guard !known.isEmpty else { throw Problem(.unauthenticated, "the account is erased") }
        let rows = try await transaction.query(
            """
            SELECT count(*) AS made, count(*) FILTER (WHERE state IN ('waiting', 'running')) AS open,
                ceil(extract(epoch FROM min(requested_at) + interval '24 hours' - now()))::bigint AS seconds,
                (SELECT count(*) FROM (
                    SELECT FROM exports WHERE state = 'waiting' LIMIT \(Self.mostWaiting)) w) AS waiting
            FROM exports WHERE user_id = \(user) AND requested_at > now() - interval '24 hours'
            """)
        guard try rows[0].integer("open") == 0 else {
            throw Problem(.conflict, "an export of the account is under way: wait for it (GET /v1/me/exports)")
        }
        guard try rows[0].integer("made") < Self.mostADay else {
            throw Problem(
                .rateLimited, "an account is exported at most \(Self.mostADay) times in 24 hours",
                retryAfter: max(1, Int(try rows[0].integer("seconds"))))
        }
        guard try rows[0].integer("waiting") < Self.mostWaiting else {
            throw Problem(.overloaded, "too many exports wait: try again later", retryAfter: 600)
        }
        let id = try ids.next()
        try await transaction.query("INSERT INTO exports (id, user_id) VALUES (\(id), \(user))")
        return Export(id: id, state: .waiting, requestedAt: id.milliseconds)
    }

    private static let columns: SQL = """
        id, state, (extract(epoch FROM requested_at) * 1000)::bigint AS requested_at, length,
        (extract(epoch FROM expires_at) * 1000)::bigint AS expires_at
        """
    private static let lives: SQL = "(expires_at IS NULL OR expires_at > now())"

    /// Those that have not expired, newest first.
    func list(of user: ID, below: ID, limit: Int) async throws -> [Export] {
        try await database.query(
            """
            SELECT \(Self.columns) FROM exports WHERE user_id = \(user) AND id < \(below) AND \(Self.lives)
            ORDER BY id DESC LIMIT \(limit)
            """
        ).map(export)
    }

    /// - Throws: `Problem` where the user has none such, or not any more.
    func read(_ id: ID, of user: ID) async throws -> Export {
        let rows = try await database.query(
            "SELECT \(Self.columns) FROM exports WHERE id = \(id) AND user_id = \(user) AND \(Self.lives)")
        guard let row = rows.first else { throw Self.none(id) }
        return try export(row)
    }

    private func export(_ row: PgRow) throws -> Export {
        let id = try row.id("id")
        let state = Export.State(rawValue: try row.text("state")) ?? .failed
        return Export(
            id: id, state: state, requestedAt: try row.integer("requested_at"),
            length: try row.optionalInteger("length"),
            url: state == .ready ? "/v1/exports/\(id)?key=\(Self.key(of: id, by: keys.current))" : nil,
            expiresAt: try row.optionalInteger("expires_at"))
    }

    private static func none(_ id: ID) -> Problem { Problem(.notFound, "there is no export \(id), or not any more") }

    // MARK: The archive

    /// An archive that can be fetched.
    struct Archive: Sendable {
        let length: Int
        let handle: String
    }

    /// Opens an archive. It is stored nowhere.
    private static func key(of id: ID, by secret: [UInt8]) -> String {
        Base64URL.encode(Crypto.hmacSHA256(key: secret, Array(id.description.utf8)))
    }

    /// - Throws: `Problem` where there is no such archive, or it has another key.
    func archive(_ id: ID, key given: String) async throws -> Archive {
        let isRight = keys.first { Crypto.equal(Array(Self.key(of: id, by: $0).utf8), Array(given.utf8)) ? true : nil }
        guard isRight != nil else { throw Self.none(id) }
        let rows = try await database.query(
            """
            SELECT e.length, u.handle FROM exports e JOIN users u ON u.id = e.user_id
            WHERE e.id = \(id) AND e.state = 'ready' AND \(Self.lives)
            """)
        guard let row = rows.first else { throw Self.none(id) }
        return Archive(length: try row.int("length"), handle: try row.text("handle"))
    }

    /// The bytes of a part of an archive, read while they are fetched.
    /// - Parameter turn: in which they are read.
    func pieces(of id: ID, _ part: Range<Int>, in turn: AsyncSemaphore) -> BodyPieces {
        BodyPieces(length: part.count, largest: ArchiveChunk.length) { offset in
            let place = part.lowerBound + offset
            let (number, first) = place.quotientAndRemainder(dividingBy: ArchiveChunk.length)
            let rows = try await turn.run {
                try await database.query(
                    """
                    SELECT c.bytes FROM export_chunks c JOIN exports e ON e.id = c.export_id
                    WHERE c.export_id = \(id) AND c.number = \(Int64(number))::int AND e.state = 'ready' AND \(Self.lives)
                    """)
            }
            // It has expired, or its user was erased.
            guard let row = rows.first else { throw Self.none(id) }
            return Array(try row.bytes("bytes").dropFirst(first).prefix(part.upperBound - place))
        }
    }
}

/// The pieces in which archives are stored.
enum ArchiveChunk {
    /// Bytes of each but the last.
    static let length = 262_144
}
