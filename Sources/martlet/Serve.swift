import Core
import Feed
import Glibc
import Layouts
import Runtime
import Sidecars
import Synchronization

/// Runs servers until they are told to end. Where root starts them, root opens what others may not, and then becomes an
/// account without rights.
enum Serve {
    /// All roles, with private servers where the settings name none.
    static func run(_ configuration: Configuration) async throws {
        var configuration = configuration
        let address = try ListenAddress(configuration.values)
        let bound = try address.bind(configuration.values, loops: configuration.loops(.all))
        let page = Page.find(configuration.values.text("web"))
        let account = try ServerAccount.find()
        let folder = try DataFolder(configuration.dataFolder, for: account, makes: true)
        try folder.dropWhereItIsTheAccounts()
        try folder.lock()
        let secrets = try configuration.secrets(in: folder, makes: true)
        let servers = try PrivateServers(
            in: folder, needsPostgres: configuration.postgres == nil, needsRedis: configuration.redis == nil,
            connections: configuration.connectionSizes.total, wholeRedis: Timelines.vouching)
        try Privileges.drop(to: account)
        configuration.places = servers.places
        let ending = Ending(last: servers.signalStop, servers.interruptStart)
        defer { servers.stop() }
        do {
            try servers.start()
        } catch is Interrupted {
            return
        }
        let upkeep = Upkeep(servers)
        defer { upkeep.stop() }
        try await serve(configuration, .all, address, Means(secrets: secrets, bound: bound, page: page), until: ending)
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
        let bound = try address.bind(configuration.values, loops: configuration.loops(roles))
        let page = roles.contains(.api) ? Page.find(configuration.values.text("web")) : nil
        let secrets = try configuration.secretsAndNoMore(than: try ServerAccount.find())
        try await serve(
            configuration, roles, address, Means(secrets: secrets, bound: bound, page: page), until: Ending())
    }

    private static func serve(
        _ configuration: Configuration, _ roles: Roles, _ address: ListenAddress, _ means: Means, until ending: Ending
    ) async throws {
        if !configuration.limitsAreOn { Console.tell("Rate limits are OFF (MARTLET_LIMITS=off): for benchmarks only") }
        let threads = Threads(configuration, loops: means.bound.count, sendsPushes: roles.contains(.notifier))
        // A life for each layout.
        repeat {
            try await live(configuration, roles, address, means, threads, until: ending)
        } while ending.doesBeginAnew()
    }

    private static func live(
        _ configuration: Configuration, _ roles: Roles, _ address: ListenAddress, _ means: Means, _ threads: Threads,
        until ending: Ending
    ) async throws {
        let start = Start {
            let neighbours = Neighbours(configuration, threads)
            try await neighbours.prepareSchema()
            let (hold, record) = try await neighbours.takeLayout(for: roles.name)
            hold.watch(record) { ending.beginAnew() }
            do {
                return try await server(configuration.with(record), roles, means, neighbours, hold)
            } catch {
                await hold.close()
                throw error
            }
        }
        guard let (server, port) = try await start.finished(unless: ending) else { return }
        address.warnOfExposure(port: port)
        // The log has a thread of its own: what was logged until now stands before the line.
        Log.output.flush(milliseconds: 200)
        Console.tell("Martlet is live at \(address.url(port: port))")
        await ending.wait()
        Log.info(.processEnding)
        if ending.isForGood { means.refuse() }
        await server.stop(hurries: !ending.isForGood)
    }

    private static func server(
        _ configuration: Configuration, _ roles: Roles, _ means: Means, _ neighbours: Neighbours, _ hold: LayoutHold
    ) async throws -> (Server, Int) {
        let site = try await Site(configuration, neighbours, secrets: means.secrets)
        do {
            try await site.prepare()
            if roles.makeIDs { try await site.leaseNode() }
            let server = try await Server(site, roles, means, hold)
            return (server, try await server.start())
        } catch {
            await site.close()
            throw error
        }
    }
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
