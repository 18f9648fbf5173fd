public import Core
public import Crypto
public import Store

/// The key by which push services know the site, one for all its processes: made once, and kept sealed in PostgreSQL. Subscriptions
/// are made for it, so it outlives the secret that it was sealed with first: whoever starts with another one that accepts this one
/// seals it anew. A secret that is not known to the others has another key.
public struct SitePushKey: Sendable, Concealed {
    private static let name = Array("the key of Web Push".utf8)
    private let box: SealedBox
    /// Of each secret, the one that signs first.
    private let marks: [[UInt8]]

    public init(_ secrets: SiteSecrets) {
        box = SealedBox(ofStored: secrets.keys("push keys"))
        marks = secrets.keys("which secret sealed a push key").all.map { Array($0.prefix(16)) }
    }

    /// The site's; made where there is none.
    public func key(_ database: Database) async throws -> P256Key {
        if let known = try await read(database) { return known }
        // Of two processes that come first the second takes the first one's.
        try await database.transaction { transaction in
            let found = try await transaction.batch([
                "SELECT pg_advisory_xact_lock(hashtextextended('push keys', 0))", oldest,
            ])[1]
            guard found.isEmpty else { return }
            try await transaction.query(
                """
                INSERT INTO push_keys (mark, sealed) VALUES (\(marks[0]), \(box.seal(P256Key().scalar, for: Self.name)))
                """)
        }
        guard let key = try await read(database) else { throw Unreadable() }
        return key
    }

    /// Of several the oldest: another one is of a process that was started with a secret that no other knew.
    private var oldest: SQL {
        """
        SELECT mark, sealed FROM push_keys WHERE mark = ANY (\(marks)::bytea[])
        ORDER BY made_at, mark = \(marks[0]) DESC LIMIT 1
        """
    }

    private func read(_ database: Database) async throws -> P256Key? {
        guard let row = try await database.query(oldest).first else { return nil }
        guard let scalar = box.open(try row.bytes("sealed"), for: Self.name), let key = P256Key(scalar: scalar) else {
            throw Unreadable()
        }
        let mark = try row.bytes("mark")
        if mark != marks[0] {
            try await database.query(
                """
                INSERT INTO push_keys (mark, sealed, made_at)
                SELECT \(marks[0]), \(box.seal(scalar, for: Self.name)), made_at FROM push_keys WHERE mark = \(mark)
                ON CONFLICT (mark) DO UPDATE SET sealed = excluded.sealed, made_at = excluded.made_at
                """)
        }
        return key
    }

    /// The row of this secret does not open with it: it was altered.
    struct Unreadable: Error, CustomStringConvertible {
        let description = "the key of Web Push in push_keys was altered"
    }
}
