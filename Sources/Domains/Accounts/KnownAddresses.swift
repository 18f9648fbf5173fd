import Core
public import Crypto
public import Store

/// From where accounts were opened, for a while: whoever guesses at an account from elsewhere can't use up what is left to
/// its owner. Of an address only a keyed hash is stored.
public struct KnownAddresses: Sendable {
    /// Of one account, the ones that were used last.
    static let most: Int64 = 16
    /// After which an address that was not used is forgotten.
    static let days: Int64 = 90
    private let keys: SecretKeys

    public init(_ secrets: SiteSecrets) {
        keys = secrets.keys("known addresses")
    }

    /// What the address is called in the table, by each secret; the first is written.
    func names(_ address: String, of handle: String) -> [[UInt8]] {
        // No handle has a line feed.
        keys.all.map { Array(Crypto.hmacSHA256(key: $0, Array("\(handle)\n\(address)".utf8)).prefix(16)) }
    }

    /// The account was opened from this address. Writes and locks nothing when that was so within the hour.
    func remember(_ address: String, of handle: String, user: ID) -> SQL {
        let (user, name) = (SQL.parameter(user), SQL.parameter(names(address, of: handle)[0]))
        return """
            WITH seen AS (
                INSERT INTO known_addresses (user_id, address) SELECT \(user)::bigint, \(name)::bytea
                WHERE NOT EXISTS (
                    SELECT FROM known_addresses
                    WHERE user_id = \(user) AND address = \(name) AND seen_at > now() - interval '1 hour')
                ON CONFLICT (user_id, address) DO UPDATE SET seen_at = now() RETURNING 1)
            DELETE FROM known_addresses WHERE user_id = \(user) AND EXISTS (SELECT FROM seen) AND address IN (
                SELECT address FROM known_addresses WHERE user_id = \(user) AND address <> \(name)
                ORDER BY seen_at DESC OFFSET \(Self.most - 1))
            """
    }

    /// Some at a time; what another process is about to forget is left to it.
    public static func removeExpired(_ database: Database) async throws {
        try await database.query(
            """
            DELETE FROM known_addresses WHERE (user_id, address) IN (
                SELECT user_id, address FROM known_addresses WHERE seen_at < now() - make_interval(days => \(days)::int)
                ORDER BY seen_at LIMIT 10000 FOR UPDATE SKIP LOCKED)
            """)
    }
}
