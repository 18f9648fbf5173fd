/// How many connections to PostgreSQL each purpose may have. They are opened when they are needed.
public struct ConnectionSizes: Sendable, Equatable {
    public let routes: Int
    public let workers: Int
    public let scans: Int
    /// 0 where the log isn't in PostgreSQL.
    public let log: Int

    /// - Parameter size: the setting; at least 2.
    public init(_ size: Int, keepsLog: Bool) {
        routes = size
        workers = max(2, size / 2)
        scans = max(2, size / 2)
        log = keepsLog ? size : 0
    }

    /// All that a process may have open at once: with the one that hears notifications, and one for migrations.
    public var total: Int { routes + workers + scans + log + 2 }
}
