public import Core
public import Crypto
public import Store
import Synchronization

/// Keys of what is stored as a keyed hash and can't be hashed anew, for nobody has what it was made of. They are kept in PostgreSQL,
/// sealed, so that they outlive the secret that they came from. Each is at first what that secret gave.
public final class KeptKeys: Sendable, Concealed {
    public enum Name: String, CaseIterable, Sendable {
        case recoveryCodes = "recovery codes"
        /// Of accounts that were erased.
        case reservedHandles = "reserved handles"
    }

    private let database: Database
    private let secrets: SiteSecrets
    private let box: SealedBox
    private let known = Mutex<[Name: [UInt8]]>([:])

    public init(_ database: Database, _ secrets: SiteSecrets) {
        (self.database, self.secrets) = (database, secrets)
        box = SealedBox(ofStored: secrets.keys("kept keys"))
    }

    /// Makes sure that the secret which signs opens all of them.
    public func keep() async throws {
        for name in Name.allCases { _ = try await key(name) }
    }

    /// Asks the store the first time only.
    public func key(_ name: Name) async throws -> [UInt8] {
        if let key = known.withLock({ $0[name] }) { return key }
        let key = try await database.transaction { try await self.read(name, $0) }
        known.withLock { $0[name] = key }
        return key
    }

    /// Of several the oldest: another one is of a process that was started with a secret that no other knew.
    private func read(_ name: Name, _ transaction: Transaction) async throws -> [UInt8] {
        let bound = Array("the key of \(name.rawValue)".utf8)
        let rows = try await transaction.batch([
            "SELECT pg_advisory_xact_lock(hashtextextended('kept keys', 0))",
            """
            SELECT mark, sealed FROM kept_keys WHERE name = \(name.rawValue) AND mark = ANY (\(secrets.marks)::bytea[])
            ORDER BY made_at, mark = \(secrets.mark) DESC
            """,
        ])[1]
        guard let oldest = rows.first else {
            let key = secrets.keys(name.rawValue).current
            try await transaction.query(
                """
                INSERT INTO kept_keys (name, mark, sealed)
                VALUES (\(name.rawValue), \(secrets.mark), \(box.seal(key, for: bound)))
                """)
            return key
        }
        let mark = try oldest.bytes("mark")
        guard let key = box.open(try oldest.bytes("sealed"), for: bound) else { throw Altered(name: name) }
        if mark != secrets.mark {
            try await transaction.query(
                """
                INSERT INTO kept_keys (name, mark, sealed, made_at)
                SELECT name, \(secrets.mark), \(box.seal(key, for: bound)), made_at FROM kept_keys
                WHERE name = \(name.rawValue) AND mark = \(mark)
                ON CONFLICT (name, mark) DO UPDATE SET sealed = excluded.sealed, made_at = excluded.made_at
                """)
        }
        return key
    }

    /// The row does not open with the secret that it is said to be of.
    struct Altered: Error, CustomStringConvertible {
        let name: Name
        var description: String { "the key of \(name.rawValue) in kept_keys was altered" }
    }
}
