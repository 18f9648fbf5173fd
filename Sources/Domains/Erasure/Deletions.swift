import Core
import Crypto
import HTTPService
import Store

/// Deletions as they are asked for and taken back.
struct Deletions: Sendable {
    private static let keyLength = 24
    let ids: IDGenerator

    /// Writes down that somebody is to be erased.
    /// - Parameter eraseAt: milliseconds since 1970.
    /// - Returns: the deletion, and the key that opens its receipt, which is stored nowhere.
    func schedule(_ transaction: Transaction, _ user: ID, at eraseAt: Int64) async throws -> (id: ID, key: String) {
        let (id, key) = (try ids.next(), Base64URL.encode(Crypto.randomBytes(Self.keyLength)))
        try await transaction.query(
            """
            INSERT INTO deletions (id, key_hash, user_id, erase_at)
            VALUES (\(id), \(Self.hash(key)), \(user), to_timestamp(\(eraseAt)::bigint / 1000.0))
            """)
        return (id, key)
    }

    /// - Throws: `Problem` where the user is being erased.
    func cancel(_ transaction: Transaction, of user: ID) async throws {
        let found = try await transaction.query(
            """
            SELECT id, state = 'scheduled' AND erase_at > now() AS is_early FROM deletions
            WHERE user_id = \(user) AND state <> 'done' FOR UPDATE
            """)
        guard let row = found.first else {
            throw Problem(.notFound, "the account is not about to be deleted")
        }
        guard try row.bool("is_early") else {
            throw Problem(.gone, "the account is being deleted: it is too late")
        }
        try await transaction.query("DELETE FROM deletions WHERE id = \(try row.id("id"))")
    }

    static func hash(_ key: String) -> [UInt8] { Crypto.sha256(Array(key.utf8)) }
}

extension ErrorCode {
    static let gone = ErrorCode("gone", 410, "It is not there any more")
}
