import Core
import Glibc
import Runtime
import Sidecars
import Synchronization

/// Runs servers until they are told to end.
enum Serve {
    /// All roles, with private servers where the settings name none.
    static func run(_ configuration: Configuration) async throws {
        try checkPort(configuration)
        try Files.makeFolder(configuration.dataFolder)
        let lock = try DataLock(configuration.dataFolder)
        defer { lock.release() }
        let servers = try PrivateServers(
            folder: configuration.dataFolder, needsPostgres: configuration.postgres == nil,
            needsRedis: configuration.redis == nil)
        let stopped = termination()
        try servers.start()
        let upkeep = Upkeep(servers)
        defer {
            upkeep.stop()
            servers.stop()
        }
        try await serve(configuration, .all, makeSecret: true, until: stopped)
    }

    /// One role by itself: it needs servers that others can reach.
    static func runRole(_ roles: Roles, _ configuration: Configuration) async throws {
        let missing = [
            ("MARTLET_POSTGRES", configuration.postgres), ("MARTLET_REDIS", configuration.redis),
            ("MARTLET_KAFKA", configuration.kafka),
        ].filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty else {
            throw Failure("a role by itself needs \(missing.joined(separator: ", ")): see martlet --help", exitCode: 2)
        }
        let stopped = termination()
        try await serve(configuration, roles, makeSecret: false, until: stopped)
    }

    private static func serve(
        _ configuration: Configuration, _ roles: Roles, makeSecret: Bool, until stopped: Wakeup
    ) async throws {
        if !configuration.limitsAreOn { Program.say("Rate limits are OFF (MARTLET_LIMITS=off): for benchmarks only") }
        let site = try await Site(configuration, makeSecret: makeSecret)
        try await site.prepare()
        let server = try await Server(site, roles)
        let port = try await server.start()
        Program.say("Martlet is live at http://localhost:\(port)")
        await stopped.wait()
        Log.info("ending")
        await server.stop()
    }

    /// Woken by the first SIGINT or SIGTERM.
    private static func termination() -> Wakeup {
        let stopped = Wakeup()
        Signals.onTermination { number in
            Log.info("signal", ["number": .number(Int64(number))])
            stopped.signal()
        }
        return stopped
    }

    /// Before the private servers start, which takes seconds.
    private static func checkPort(_ configuration: Configuration) throws {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(configuration.port).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
        guard status == 0 || errno != EADDRINUSE else {
            throw Failure(
                "port \(configuration.port) is taken: stop what listens there, or choose another MARTLET_PORT")
        }
    }
}

/// One `serve` for a data folder.
struct DataLock {
    private let descriptor: Int32

    init(_ folder: String) throws {
        descriptor = open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure("\(folder) can't be written to: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("another martlet serve uses the data folder \(folder)")
        }
    }

    func release() { close(descriptor) }
}

/// Looks after the private servers, on a thread of its own: starting one again takes seconds.
private final class Upkeep: Sendable {
    private let isStopping = Atomic<Bool>(false)
    private let ended = Gate()

    init(_ servers: PrivateServers) {
        startThread(name: "upkeep") { [self] in
            while !isStopping.load(ordering: .acquiring) {
                usleep(250_000)
                if !isStopping.load(ordering: .acquiring) { servers.restartDead() }
            }
            ended.open()
        }
    }

    /// Returns when it does nothing any more.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        ended.wait()
    }
}
