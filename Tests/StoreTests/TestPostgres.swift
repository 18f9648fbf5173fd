import Glibc
import Sidecars

/// A private PostgreSQL for this process's tests, started once.
enum TestPostgres {
    private static let folder = "/tmp/martlet-store-\(getpid())"

    static let url: String = {
        do {
            let home = try DataFolder(folder, for: ServerAccount.find(), makes: true)
            let servers = try PrivateServers(in: home, needsPostgres: true, needsRedis: false)
            try servers.start()
            running = servers
        } catch {
            fatalError("no PostgreSQL for tests: \(error)")
        }
        atexit {
            TestPostgres.running?.stop()
            _ = system("rm -rf /tmp/martlet-store-\(getpid())")
        }
        return PrivateServers.places(in: folder).postgresURL()
    }()

    /// For what only the superuser may do.
    static var superuserURL: String {
        _ = url
        return PrivateServers.places(in: folder).postgresURL(as: "maintenance")
    }

    nonisolated(unsafe) private static var running: PrivateServers?
}
