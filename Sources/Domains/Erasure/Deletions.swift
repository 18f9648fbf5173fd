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
        let (id, key) = (try ids.next(), Self.newKey())
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

    /// It is a word of `martlet account receipt`, so it begins with no dash: of the first character's six bits one is 0.
    static func newKey() -> String {
        var bytes = Crypto.randomBytes(keyLength)
        bytes[0] &= 0x7f
        return Base64URL.encode(bytes)
    }

    static func hash(_ key: String) -> [UInt8] { Crypto.sha256(Array(key.utf8)) }
}
