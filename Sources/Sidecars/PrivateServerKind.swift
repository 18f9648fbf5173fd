import Glibc

/// What is fixed about each of the two private servers.
enum PrivateServerKind: String, Sendable {
    /// The names of their folders in the data folder.
    case postgres, redis

    /// In its folder.
    var socket: String {
        switch self {
        case .postgres: ".s.PGSQL.5432"
        case .redis: "redis.sock"
        }
    }

    /// In its folder.
    var pidFile: String {
        switch self {
        case .postgres: "cluster/postmaster.pid"
        case .redis: "redis.pid"
        }
    }

    var program: String {
        switch self {
        case .postgres: "postgres"
        case .redis: "redis-server"
        }
    }

    /// The end of a path in its command line, behind its folder.
    var servedBelow: String {
        switch self {
        case .postgres: "/cluster"
        case .redis: "/redis.sock"
        }
    }

    /// The gentle one first.
    var endingSignals: [Int32] {
        switch self {
        case .postgres: [SIGINT, SIGQUIT]
        case .redis: [SIGTERM, SIGKILL]
        }
    }
}
