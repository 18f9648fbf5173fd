public import Core
public import Store
import Synchronization

/// Reads users. A handle and a display name never change, so they are kept in memory, up to a limit.
public final class Users: Sendable {
    public struct Identity: Sendable {
        public let handle: String
        public let displayName: String
    }

    private static let cacheLimit = 50_000
    private let database: Database
    private let cache = Mutex<[ID: Identity]>([:])
    private let cached = Metrics.shared.queue("user_names", limit: Users.cacheLimit)

    public init(database: Database) {
        self.database = database
    }

    public func id(handle: String) async throws -> ID? {
        try await database.query("SELECT id FROM users WHERE handle = $1", [.text(handle.lowercased())])
            .first.map { ID(raw: try $0.integer(0)) }
    }

    public func identity(_ id: ID) async throws -> Identity? {
        if let known = cache.withLock({ $0[id] }) { return known }
        let rows = try await database.query("SELECT handle, display_name FROM users WHERE id = $1", [.integer(id.raw)])
        guard let row = rows.first else { return nil }
        let identity = Identity(handle: try row.text(0), displayName: try row.text(1))
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[id] = identity
            cached.set(cache.count)
        }
        return identity
    }
}
