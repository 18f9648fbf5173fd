public import Core
public import Store
import Synchronization

/// Reads users. What they are called is kept in memory, up to a limit: whoever writes it down somewhere has the write say
/// that it is still so (`unchanged`).
public final class Users: Sendable {
    public struct Identity: Sendable {
        public let handle: String
        public let displayName: String
        public let isPrivate: Bool
    }

    /// Who somebody is, of `users u`.
    public static let identityColumns: SQL = "u.handle, u.display_name"

    /// - Parameter id: of whom, as an expression of SQL.
    public static func joined(on id: SQL) -> SQL { "JOIN users u ON u.id = \(id)" }

    private static let cacheLimit = 50_000
    private let database: Database
    private let cache = Mutex<[ID: Identity]>([:])
    private let cached = Metrics.shared.queue("user_names", limit: Users.cacheLimit)

    public init(database: Database) {
        self.database = database
    }

    public func id(handle: String) async throws -> ID? {
        try await database.query("SELECT id FROM users WHERE handle = \(handle.lowercased())")
            .first.map { try $0.id("id") }
    }

    /// Does the user, an expression of SQL, show posts and whom he knows to followers only?
    public static func isPrivate(_ id: SQL) -> SQL {
        "EXISTS (SELECT FROM users known WHERE known.id = \(id) AND known.private)"
    }

    /// A row where there is such a user.
    public static func exists(_ id: ID) -> SQL { "SELECT 1 FROM users WHERE id = \(id)" }

    public func identity(_ id: ID) async throws -> Identity? {
        if let known = cache.withLock({ $0[id] }) { return known }
        let rows = try await database.query(
            "SELECT \(Self.identityColumns), u.private FROM users u WHERE u.id = \(id)")
        guard let row = rows.first else { return nil }
        let identity = Identity(
            handle: try row.text("handle"), displayName: try row.text("display_name"),
            isPrivate: try row.bool("private"))
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[id] = identity
            cached.set(cache.count)
        }
        return identity
    }

    /// The id of the user, as a value of a column that is NOT NULL: a user who is not as in `identity` any more fails the
    /// statement with an error of which `saysChanged` is true. Then `forget` him, and do it again.
    public static func unchanged(_ id: ID, _ identity: Identity) -> SQL {
        """
        (SELECT id FROM users WHERE id = \(id) AND handle = \(identity.handle)
            AND display_name = \(identity.displayName) AND private = \(identity.isPrivate))
        """
    }

    public static func saysChanged(_ error: PgError) -> Bool { error.sqlState == "23502" }

    public func forget(_ id: ID) {
        cache.withLock { cache in
            cache[id] = nil
            cached.set(cache.count)
        }
    }
}
