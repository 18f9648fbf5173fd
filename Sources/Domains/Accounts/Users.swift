public import Core
public import Store
import Synchronization

/// Reads users. A handle and a display name never change, so they are kept in memory, up to a limit.
public final class Users: Sendable {
    public struct Identity: Sendable {
        public let handle: String
        public let displayName: String
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

    /// A row where there is such a user.
    public static func exists(_ id: ID) -> SQL { "SELECT 1 FROM users WHERE id = \(id)" }

    public func identity(_ id: ID) async throws -> Identity? {
        if let known = cache.withLock({ $0[id] }) { return known }
        let rows = try await database.query("SELECT handle, display_name FROM users WHERE id = \(id)")
        guard let row = rows.first else { return nil }
        let identity = Identity(handle: try row.text("handle"), displayName: try row.text("display_name"))
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[id] = identity
            cached.set(cache.count)
        }
        return identity
    }
}
