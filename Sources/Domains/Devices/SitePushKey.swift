public import Core
public import Crypto
public import Store

/// The key by which push services know the site, one for all its processes: made once, and kept sealed in PostgreSQL. Subscriptions
/// are made for it. Another secret of the site has another key.
public struct SitePushKey: Sendable, Concealed {
    private static let name = Array("the key of Web Push".utf8)
    private let box: SealedBox
    private let mark: [UInt8]

    public init(secret: [UInt8]) {
        box = SealedBox(key: Crypto.derivedKey("push keys", from: secret))
        mark = Array(Crypto.derivedKey("which secret sealed a push key", from: secret).prefix(16))
    }

    /// The site's; made where there is none.
    public func key(_ database: Database) async throws -> P256Key {
        if let known = try await read(database) { return known }
        // Of two processes that come first the second takes the first one's.
        try await database.query(
            """
            INSERT INTO push_keys (mark, sealed) VALUES (\(mark), \(box.seal(P256Key().scalar, for: Self.name)))
            ON CONFLICT (mark) DO NOTHING
            """)
        guard let key = try await read(database) else { throw Unreadable() }
        return key
    }

    private func read(_ database: Database) async throws -> P256Key? {
        guard let row = try await database.query("SELECT sealed FROM push_keys WHERE mark = \(mark)").first else {
            return nil
        }
        guard let scalar = box.open(try row.bytes("sealed"), for: Self.name), let key = P256Key(scalar: scalar) else {
            throw Unreadable()
        }
        return key
    }

    /// The row of this secret does not open with it: it was altered.
    struct Unreadable: Error, CustomStringConvertible {
        let description = "the key of Web Push in push_keys was altered"
    }
}
