import Core
import Glibc
import RedisLink
import Runtime
import Sidecars
import Store
import TestSupport

/// The PostgreSQL and the Redis of this process's tests: started when the first test wants them, gone with the process,
/// also when it is killed.
public final class TestServers: Sendable {
    /// Started once.
    public static let shared = Task { try await TestServers() }

    private static let databaseCount = 4096
    private let folder: String
    let loop = EventLoop(name: "test-servers")
    /// As the superuser, in a database that has nothing of Martlet's.
    let maintenance: Database
    private let redisSocket: String

    private init() async throws {
        // A peer that has gone is told by the write's error.
        signal(SIGPIPE, SIG_IGN)
        Log.setLevel(.warning)
        folder = TestFolder.path("tests")
        redisSocket = folder + "/redis.sock"
        let home = try DataFolder(folder, for: ServerAccount.find(), makes: true)
        try Supervisor.watch(folder)
        try Supervisor.spawn(
            [
                "redis-server", "--port", "0", "--unixsocket", redisSocket, "--save", "", "--appendonly", "no",
                "--databases", "\(Self.databaseCount)", "--dir", folder, "--pidfile", folder + "/redis.pid",
            ], output: folder + "/redis.log")
        try PrivateServers(in: home, needsPostgres: true, needsRedis: false).start()
        maintenance = Database(
            loop: loop,
            options: DatabaseOptions(
                connectionInfo: PrivateServers.places(in: folder).postgresURL(as: "maintenance") + " dbname=postgres",
                connections: 1))
        try await makeFast()
    }

    /// Nothing here outlives a crash.
    private func makeFast() async throws {
        try await maintenance.query("ALTER SYSTEM SET fsync = off")
        try await maintenance.query("ALTER SYSTEM SET full_page_writes = off")
        try await maintenance.query("ALTER SYSTEM SET autovacuum = off")
        try await maintenance.query("SELECT pg_reload_conf()")
    }

    /// The connection string of a database of the role `martlet`.
    /// - Parameter path: where names are looked for.
    func postgresURL(_ database: String, searchPath path: String) -> String {
        PrivateServers.places(in: folder).postgresURL() + " dbname=\(database) options='-c search_path=\(path)'"
    }

    /// A database of this Redis, each time another one.
    func redisAddress(_ number: Int) -> RedisAddress {
        precondition(number < Self.databaseCount, "the tests want more databases of Redis than there are")
        return RedisAddress(endpoint: .unix(path: redisSocket), database: number)
    }
}
