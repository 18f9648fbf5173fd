import Core
import Glibc
import Runtime
import Sidecars
import Synchronization

/// Runs servers until they are told to end.
enum Serve {
    /// All roles, with private servers where the settings name none.
    static func run(_ configuration: Configuration) async throws {
        let address = try ListenAddress(configuration.values)
        try address.check(configuration.values)
        try Files.makeFolder(configuration.dataFolder)
        let lock = try DataLock(configuration.dataFolder)
        defer { lock.release() }
        let servers = try PrivateServers(
            folder: configuration.dataFolder, needsPostgres: configuration.postgres == nil,
            needsRedis: configuration.redis == nil)
        let ending = Ending(last: servers.signalStop, servers.interruptStart)
        defer { servers.stop() }
        do {
            try servers.start()
        } catch is Interrupted {
            return
        }
        let upkeep = Upkeep(servers)
        defer { upkeep.stop() }
        try await serve(configuration, .all, address, secret: .make, until: ending)
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
        let address = try ListenAddress(configuration.values)
        try address.check(configuration.values)
        try await serve(configuration, roles, address, secret: .read, until: Ending())
    }

    private static func serve(
        _ configuration: Configuration, _ roles: Roles, _ address: ListenAddress, secret use: Configuration.SecretUse,
        until ending: Ending
    ) async throws {
        if !configuration.limitsAreOn { Program.tell("Rate limits are OFF (MARTLET_LIMITS=off): for benchmarks only") }
        let start = Start {
            let site = try await Site(configuration, secret: use)
            try await site.prepare()
            let server = try await Server(site, roles, address: address)
            return (server, try await server.start())
        }
        guard let (server, port) = try await start.finished(unless: ending) else { return }
        Program.tell("Martlet is live at \(address.url(port: port))")
        await ending.wait()
        Log.info("ending")
        await server.stop()
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
