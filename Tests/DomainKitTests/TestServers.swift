import Glibc
import RedisLink
import Sidecars

/// A private PostgreSQL and Redis for this process's tests, started once.
enum TestServers {
    private static let folder = "/tmp/martlet-domains-\(getpid())"

    private static let places: PrivateServers.Places = {
        // A peer that has gone is told by the write's error.
        signal(SIGPIPE, SIG_IGN)
        do {
            let home = try DataFolder(folder, for: ServerAccount.find(), makes: true)
            let servers = try PrivateServers(in: home, needsPostgres: true, needsRedis: true)
            try servers.start()
            running = servers
        } catch {
            fatalError("no servers for tests: \(error)")
        }
        atexit {
            TestServers.running?.stop()
            _ = system("rm -rf /tmp/martlet-domains-\(getpid())")
        }
        return PrivateServers.places(in: folder)
    }()

    static var postgres: String { places.postgresURL() }
    static var redis: RedisAddress { RedisAddress(endpoint: .unix(path: places.redisSocket)) }

    nonisolated(unsafe) private static var running: PrivateServers?
}
