import Accounts
import Core
import Crypto
import DomainRegistry
import EventLog
import FanOut
import Feed
import FeedAPI
import Formats
import HTTPService
import Layouts
import Notifier
import Outbox
import Realtime
import RedisLink
import Runtime
import Sidecars
import SiteKeys
import Sockets
import Store
import Synchronization
import Worker

/// A process with some roles: put together, started, and taken down in order.
final class Server: Sendable {
    private let site: Site
    private let roles: Roles
    private let means: Means
    private let hold: LayoutHold
    private let log: (any EventLog)?
    private let topics: TopicWatch?
    private let fanOut: FanOut?
    private let notifier: Notifier?
    private let worker: Worker?
    private let live: LiveService?
    private let registration: ProcessRegistration
    private let secretRegister: SecretRegister
    private let listener = Mutex<PgListener?>(nil)
    private let sockets = Mutex<[LoopBound<SocketServer>]>([])
    private let isDraining = Atomic<Bool>(false)
    /// What was missing, and when that was asked: however often somebody wants to know, the servers are asked twice a
    /// second at most.
    private let lastLook = Mutex<(at: UInt64, found: Task<Readiness, Never>)?>(nil)
    private let backlog = Backlog(limit: 400, patience: 1000)
    /// For a relay in another process.
    private let bell: OutboxBell
    private let watch = Mutex<Task<Void, Never>?>(nil)
    /// For sessions that have ended without a word.
    private let looks = Mutex<Task<Void, Never>?>(nil)

    init(_ site: Site, _ roles: Roles, _ means: Means, _ hold: LayoutHold) async throws {
        self.site = site
        self.roles = roles
        self.means = means
        self.hold = hold
        Version.tell()
        bell = OutboxBell(database: site.connections.workers.database)
        let process = ProcessInfo(role: roles.name, version: Version.number)
        registration = ProcessRegistration(
            database: site.connections.workers.database, process, site.formats)
        secretRegister = SecretRegister(site.connections.workers.database, process, site.secrets)
        let needsLog = !roles.isDisjoint(with: [.fanout, .notifier, .worker])
        log = needsLog ? try await site.openLog() : nil
        let timelines = site.domains.feed.timelines
        topics = log.map { log in
            TopicWatch(
                log, site.configuration.topics(Domains.topics), remember: { try await timelines.remember(topics: $0) },
                tellLoss: { try await timelines.renew() })
        }
        fanOut =
            roles.contains(.fanout)
            ? FanOut(
                storage: site.connections.storage, log: log!, domains: site.domains.all,
                idempotency: Idempotency(
                    database: site.connections.scans.database, secrets: site.secrets, sessionLives: Accounts.lives),
                clock: site.clock)
            : nil
        notifier =
            roles.contains(.notifier)
            ? Notifier(
                log: log!, site.domains.resources, devices: site.domains.devices,
                notifications: site.domains.notifications, feed: site.domains.feed,
                options: try site.configuration.notifier(), on: site.neighbours.threads.pushes!) : nil
        do {
            worker =
                roles.contains(.worker)
                ? try Worker(
                    log: log!, storage: site.connections.storage, clock: site.clock, domains: site.domains.all,
                    names: site.configuration.work) : nil
        } catch {
            throw Failure("MARTLET_WORK: \(error)", exitCode: 2)
        }
        // The role api needs an ear, too: for long polls.
        live =
            roles.isDisjoint(with: [.api, .realtime])
            ? nil : try await Self.makeLive(site)
        if let live { site.waiter.set(live) }
        site.committed.set { [fanOut, bell] in
            if let fanOut { fanOut.wake() } else { bell.ring() }
        }
    }

    private static func makeLive(_ site: Site) async throws -> LiveService {
        var loops: [LiveService.Loop] = []
        for (index, loop) in site.sockets.enumerated() {
            // The gateway calls Redis on its own loop, without a hop.
            var redisOptions = Redis.Options()
            redisOptions.name = index == 0 ? "gateway" : "gateway-\(index)"
            redisOptions.scripts = Timelines.scripts
            redisOptions.entry = Timelines.entry(site.configuration.partitions)
            let redis = try await Redis(on: loop, address: site.redisAddress, options: redisOptions)
            try await site.neighbours.awaited("redis") { try await redis.waitUntilConnected(milliseconds: 1000) }
            let timelines = Timelines(redis: redis, partitions: site.configuration.partitions)
            loops.append(.init(loop, redis: redis, feeds: site.domains.feed.reader(over: timelines)))
        }
        let database = site.connections.routes.database
        var gatewayOptions = GatewayOptions()
        gatewayOptions.auditSeconds = site.configuration.values.number("audit-seconds")
        gatewayOptions.maxConnections = site.configuration.values.number("connections")
        gatewayOptions.limitsAreOn = site.configuration.limitsAreOn
        gatewayOptions.deflates = site.configuration.deflates
        gatewayOptions.liveKinds = Domains.liveKinds
        gatewayOptions.channels = site.domains.channels
        gatewayOptions.effects = site.domains.channelEffects
        return LiveService(
            loops: loops, options: gatewayOptions, redisAddress: site.redisAddress,
            writes: Writes(database: database, idempotency: site.idempotency, onCommit: {}),
            accounts: site.accounts, revocations: site.revocations,
            suspensions: site.domains.accounts.suspensions, cursors: site.cursors,
            ticketKeys: site.secrets.keys("tickets"), clock: site.clock)
    }

    /// - Returns: the port.
    func start() async throws -> Int {
        // First of all: what was enabled without us must not be met.
        try await register()
        if let topics { try await site.neighbours.awaited("kafka") { try await topics.create() } }
        // Not without: a token of an ended session would be good again.
        let (database, suspensions) = (site.connections.routes.database, site.domains.accounts.suspensions)
        try await site.neighbours.awaited("postgres") {
            try await site.revocations.load(from: site.accounts)
            try await suspensions.load(from: database)
        }
        let looks = Task { [site] in
            async let revoked: Void = site.revocations.follow(site.accounts)
            async let suspended: Void = suspensions.follow(database)
            _ = await (revoked, suspended)
        }
        self.looks.withLock { $0 = looks }
        let listener = site.listen(
            onOutbox: { [fanOut] in fanOut?.wake() }, onFormat: { [registration] in registration.look() },
            onSite: { [hold] in hold.look() })
        self.listener.withLock { $0 = listener }
        if roles.contains(.api) { watchOutbox() }
        try await fanOut?.start()
        try await notifier?.start()
        try await worker?.start()
        topics?.start()
        if let live { try await untilListening(live) }
        return try await open()
    }

    private func register() async throws {
        let neighbours = site.neighbours
        // Each for itself: what has begun must not begin again because what comes behind it has to wait.
        do {
            try await neighbours.awaited("postgres") { try await registration.begin() }
        } catch let error as FormatError {
            throw Failure(error.description)
        }
        // Before anything is signed.
        try await neighbours.awaited("postgres") { try await secretRegister.begin() }
        try await neighbours.awaited("postgres") {
            try await site.domains.resources.keptKeys.keep()
            try await site.domains.erasure.publishKey()
        }
    }

    /// Writes are refused when the fan-out, in this process or in others, does not keep up.
    private func watchOutbox() {
        let outbox = OutboxGauge(database: site.connections.storage)
        let length = Metrics.shared.queue("outbox", limit: backlog.limit)
        let task = Task(priority: .high) { [backlog] in
            while !Task.isCancelled {
                if let waiting = try? await outbox.read(upTo: backlog.mostCounted) {
                    backlog.set(waiting, now: monotonicNanoseconds() / 1_000_000)
                    length.set(waiting.count)
                }
                try? await Task.sleep(nanoseconds: 100_000_000)
            }
        }
        watch.withLock { $0 = task }
    }

    private func untilListening(_ live: LiveService) async throws {
        try await site.neighbours.awaited("redis") {
            for _ in 0..<500 {
                if await live.isListening() { return }
                try await Task.sleep(nanoseconds: 10_000_000)
            }
            throw RedisError.connectionLost("it does not let this process subscribe")
        }
    }

    private func open() async throws -> Int {
        let configuration = site.configuration
        var options = ServerOptions()
        options.port = configuration.port
        options.maxConnections = configuration.values.number("connections")
        options.maxBody = 65_536
        options.deflates = configuration.deflates
        options.writes = WriteMethod(rawValue: configuration.values.text("writes") ?? "") ?? .automatic
        options.connections = ConnectionShare(
            wanted: options.maxConnections,
            most: configuration.values.text("connections-per-address").flatMap { Int($0) })
        options.budget = ByteBudget(total: configuration.values.number("buffers") << 20)
        // Roles have a proxy in front: deploy/nginx keeps connections for two seconds.
        options.drainIdleTimeout = roles == .all ? 0 : 3000
        // One after the other: what a client pipelines may build on what it sent before.
        options.maxPipelined = 1
        Heap.keepSmall { [budget = options.budget] in budget.used < budget.total / 8 }
        let router = makeRouter(options.budget)
        options.webSocketPaths = router.webSocketPaths
        let crossOrigin = CrossOrigin(origins: configuration.origins, proxies: .init(configuration.trustedProxies))
        let admission = Admission(admitsWrites: { [backlog] in backlog.admits() })
        let polls = PollLimit(options.maxConnections)
        for (loop, bound) in zip(site.sockets, means.socketsOfALife()) {
            options.bound = bound
            let server = try await listen(on: loop, options) {
                Dispatcher(loop: loop, router: router, crossOrigin: crossOrigin, admission: admission, polls: polls)
            }
            sockets.withLock { $0.append(server) }
        }
        let first = sockets.withLock { $0[0] }
        return try await first.loop.run { first.value.port }
    }

    private func listen(
        on loop: EventLoop, _ options: ServerOptions, _ handler: @escaping @Sendable () -> Dispatcher
    ) async throws -> LoopBound<SocketServer> {
        do {
            return try await loop.run {
                LoopBound.holding(try SocketServer(loop: loop, options: options, handler: handler()), on: loop)
            }
        } catch let error as SocketError where options.writes == .ring && error.call.hasPrefix("io_uring") {
            throw Failure("writes=io_uring can't be had here (\(error)): auto falls back to send")
        } catch {
            throw Failure("port \(options.port) can't be opened: \(error)")
        }
    }

    private func makeRouter(_ budget: ByteBudget) -> Router {
        let configuration = site.configuration
        var options = Router.Options(budget: budget)
        options.limitsAreOn = configuration.limitsAreOn
        options.trustedProxies = TrustedProxies(configuration.trustedProxies)
        return Router(operations: operations(), authenticator: site.accounts, options: options)
    }

    /// What this process serves. The document describes all that the service has, whichever process serves it.
    private func operations() -> [Operation] {
        let process = ProcessOperations(
            readiness: { [weak self] in await self?.readiness() ?? Readiness(missing: ["server"]) }
        ).all
        let live = live?.operations ?? []
        guard roles.contains(.api) else { return process + (roles.contains(.realtime) ? live : []) }
        let page = means.page.map(PageOperations.all) ?? []
        let api = FeedAPI.operations(site.domains.all)
        let document = Document.operations(describing: api + live + process + page, FeedAPI.info)
        return api + (roles.contains(.realtime) ? live : []) + process + document + page
    }

    private func readiness() async -> Readiness {
        let now = monotonicNanoseconds()
        let look = lastLook.withLock { last in
            if last == nil || now - last!.at > 500_000_000 { last = (now, Task { await findReadiness() }) }
            return last!.found
        }
        var found = await look.value
        if isDraining.load(ordering: .relaxed) { found.missing.insert("draining", at: 0) }
        return found
    }

    /// What there is of what the roles need, as deploy/README.md says.
    private func findReadiness() async -> Readiness {
        async let hasPostgres = ends(within: 1000) { [site] in
            (try? await site.connections.routes.database.query("SELECT 1")) != nil
        }
        async let hasKafka = hasKafka()
        var found = Readiness()
        if !(await hasPostgres) { found.missing.append("postgres") }
        if !(await hasKafka) { found.missing.append("kafka") }
        if topics?.missingTopics.isEmpty == false { found.missing.append("topics") }
        if roles.makeIDs, site.lease?.isHeld == false { found.missing.append("node") }
        var absent = site.connections.isRedisConnected ? [] : ["redis"]
        if let live, await !live.isListening() { absent.append("live") }
        if roles.needRedis { found.missing += absent } else { found.degraded += absent }
        return found
    }

    private func hasKafka() async -> Bool {
        guard let log, site.configuration.kafka != nil else { return true }
        return await ends(within: 1000) { (try? await log.reach(milliseconds: 900)) != nil }
    }

    /// Finishes requests in flight, tells live clients to come back, commits what is done. Takes at most some 8 s.
    /// - Parameter hurries: all processes do so at once: a gateway has no other one to send requests to meanwhile.
    func stop(hurries: Bool = false) async {
        isDraining.store(true, ordering: .relaxed)
        let servers = sockets.withLock { $0 }
        let empty = servers.map { ($0, Wakeup()) }
        for (server, isEmpty) in empty {
            try? await server.loop.run { server.value.drain { isEmpty.signal() } }
        }
        await live?.drain()
        _ = await ends(within: hurries ? 500 : 4000) {
            for (_, isEmpty) in empty { await isEmpty.wait() }
            return true
        }
        for server in servers { try? await server.loop.run { server.value.close() } }
        await live?.close()
        watch.withLock { $0 }?.cancel()
        looks.withLock { $0 }?.cancel()
        bell.close()
        topics?.close()
        // What is not done by then comes again: every step may run twice.
        let isDone = await ends(within: 3000) { [notifier, worker, fanOut, log, registration, secretRegister] in
            await notifier?.close()
            await worker?.close()
            await fanOut?.close()
            await log?.close()
            await registration.end()
            await secretRegister.end()
            return true
        }
        if !isDone { Log.warning(.processCutShort) }
        listener.withLock { $0 }?.close()
        await site.close()
        await hold.close()
    }
}
