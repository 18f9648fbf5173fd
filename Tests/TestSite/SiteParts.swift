import Accounts
import Administration
import Consumers
import Core
import Crypto
import DomainKit
import DomainRegistry
import Erasure
import EventLog
import Feed
import FeedAPI
import Formats
import HTTPService
import OpenIDConnect
import Outbox
import Realtime
import RedisLink
import Runtime
import Sockets
import Store
import Synchronization

/// A process with the roles `api`, `fanout` and the ears of `realtime`, but for the socket and the log: put together as
/// `martlet` does it. All that the harness knows of how a route is declared and found is in this file.
final class SiteParts: Sendable {
    private static let partitions = 4
    let connections: Connections
    let domains: Domains
    let log = StepLog()
    private let groups: [ConsumerGroup]
    private let work: [Job]
    /// All that the service has but for what concerns the process, and the page.
    let operations: [Operation]
    private let live: LiveService
    private let router: Router
    private let outbox: OutboxReader
    private let idempotency: Idempotency
    private let loops = (stores: EventLoop(name: "stores"), sockets: EventLoop(name: "sockets"))
    private let liveRedis: Redis
    private let lastFanOut = Mutex<Task<Void, any Error>?>(nil)

    init(
        postgresURL: String, redisAddress: RedisAddress, clock: ManualClock, secrets: SiteSecrets, node: Int,
        _ options: SiteOptions
    ) async throws {
        connections = try await Connections(
            on: loops.stores,
            .init(
                postgres: postgresURL, redis: redisAddress, sizes: ConnectionSizes(4, keepsLog: true),
                scripts: Timelines.scripts, entry: Timelines.entry(Partitions(count: Self.partitions))))
        let database = connections.routes.database
        var liveOptions = Redis.Options()
        liveOptions.scripts = Timelines.scripts
        liveOptions.entry = Timelines.entry(Partitions(count: Self.partitions))
        liveRedis = try await Redis(on: loops.sockets, address: redisAddress, options: liveOptions)
        idempotency = Idempotency(database: database, secrets: secrets, sessionLives: Accounts.lives)
        let cursors = CursorSigner(secrets.keys("cursors"))
        let writes = Writes(database: database, idempotency: idempotency, onCommit: {})
        let partitions = Partitions(count: Self.partitions)
        let waiter = Late()
        domains = Domains(
            Resources(
                connections: connections, partitions: partitions, ids: IDGenerator(node: node, clock: clock),
                clock: clock, monotonicClock: clock, secrets: secrets, cursors: cursors, idempotency: idempotency,
                writes: writes, formats: EnabledFormats(known: Domains.formats), limitsAreOn: options.limitsAreOn),
            hasher: PasswordHasher(threads: 2, cost: 1), names: NameRules(options.refusedNames),
            providers: options.providers.map { ProviderClient($0, allowsLoopback: false, clock: clock) },
            devices: options.devices, waiter: { waiter.value })
        let (log, storage) = (log, connections.storage)
        groups = domains.all.flatMap { $0.consumers(log) }.map { $0.group(on: log, storage, clock) }
        work = domains.all.flatMap { $0.jobs(log) }
        var gatewayOptions = GatewayOptions()
        gatewayOptions.limitsAreOn = options.limitsAreOn
        gatewayOptions.liveKinds = Domains.liveKinds
        gatewayOptions.channels = domains.channels
        gatewayOptions.effects = domains.channelEffects
        live = LiveService(
            loops: [
                .init(
                    loops.sockets, redis: liveRedis,
                    feeds: domains.feed.reader(over: Timelines(redis: liveRedis, partitions: partitions)))
            ], options: gatewayOptions, redisAddress: redisAddress, writes: writes,
            accounts: domains.accounts.accounts, revocations: domains.accounts.revocations,
            suspensions: domains.accounts.suspensions, cursors: cursors,
            ticketKeys: secrets.keys("tickets"), clock: clock)
        waiter.set(live)
        let own = FeedAPI.operations(domains.all) + live.operations
        operations = own + Document.operations(describing: own, FeedAPI.info)
        var routerOptions = Router.Options(budget: ByteBudget(total: 64 << 20))
        routerOptions.limitsAreOn = options.limitsAreOn
        routerOptions.clock = clock
        router = Router(
            operations: operations, authenticator: domains.accounts.accounts,
            options: routerOptions)
        outbox = OutboxReader(database: connections.storage)
        if options.hasRedis { try await untilConnected() }
        try await keepKeys()
        try await lookForEndedSessions()
        try await lookForSuspensions()
    }

    func grant(_ handle: String, _ role: UserRole) async throws {
        _ = try await domains.administration.administration.change(handle: handle, AdminChange(role: role))
    }

    func endSessions(_ handle: String?) async throws -> Int? {
        guard let handle else {
            try await domains.administration.administration.endAllSessions()
            return nil
        }
        return try await domains.administration.administration.endSessions(handle: handle)
    }

    /// What a process does every five seconds, and hears of by NOTIFY.
    func lookForEndedSessions() async throws {
        try await domains.accounts.revocations.load(from: domains.accounts.accounts)
    }

    /// What a process does before it signs anything.
    func keepKeys() async throws {
        try await domains.resources.keptKeys.keep()
        try await domains.erasure.publishKey()
    }

    /// What a provider's answer leads to.
    func logIn(
        subject: String, of provider: Provider, by logIn: PendingLogIn, from address: String
    ) async throws -> TestResponse {
        let accounts = domains.accounts.accounts
        while true {
            do {
                let (grant, isNew) = try await connections.routes.database.transaction {
                    try await accounts.logIn(
                        $0, subject, of: provider, by: logIn, from: SessionOrigin(address: address, client: "a test"))
                }
                var body = ByteWriter()
                grant.append(to: &body)
                return TestResponse(status: isNew ? 201 : 200, headers: [], body: body.bytes)
            } catch is Accounts.IdentityTaken {}
        }
    }

    func suspend(_ user: String, _ suspension: Suspension?) async throws {
        let (accounts, id) = (domains.accounts.accounts, ID(user)!)
        try await connections.routes.database.transaction { transaction in
            _ = try await accounts.suspend(transaction, id, suspension, TraceContext(requestID: "test"))
        }
        accounts.suspended(id, suspension)
    }

    /// What a process does every five seconds, and hears of by NOTIFY.
    func lookForSuspensions() async throws {
        try await domains.accounts.suspensions.load(from: connections.routes.database)
    }

    private func untilConnected() async throws {
        try await connections.waitForRedis(milliseconds: 10_000)
        try await liveRedis.waitUntilConnected(milliseconds: 10_000)
        try await eventually { await self.live.isListening() }
    }

    func respond(
        _ method: String, _ target: String, headers: [(name: String, value: String)], body: [UInt8],
        from address: String
    ) async -> TestResponse? {
        guard let request = HTTPRequest(method, target, headers: headers, body: body, remoteAddress: address) else {
            return nil
        }
        let response = await router.respond(to: request)
        var body = response.body
        if let pieces = response.pieces, method != "HEAD" {
            while body.count < pieces.length { try? await body += pieces.next(body.count) }
        }
        return TestResponse(
            status: response.status, headers: response.headers.map { ($0.0, $0.1) }, body: body)
    }

    /// What the role `fanout` does, step by step until there is nothing left to do. Tests that ask at the same time get
    /// their turns: a batch is handed over once.
    func fanOut() async throws {
        let turn = lastFanOut.withLock { last in
            let task = Task { [last] in
                _ = await last?.result
                try await fanOutNow()
            }
            last = task
            return task
        }
        try await turn.value
    }

    private func fanOutNow() async throws {
        try await ConsumerGroups.look(groups, in: connections.storage)
        var isDone = false
        while !isDone {
            let moved = try await outbox.move(limit: 200) { [log] rows in
                try await log.append(
                    rows.map {
                        NewRecord(topic: $0.topic, key: $0.key, value: $0.payload, headers: $0.headers)
                    })
            }
            isDone = moved == .moved(0)
            for group in groups {
                while try await log.step(group) { isDone = false }
            }
        }
    }

    func events(in topic: String, of key: String) -> [String] {
        log.records(topic).filter { $0.key == key }.map { $0.headers["event-type"] ?? "" }
    }

    func isHeardOf(_ user: String) async throws -> Bool {
        let tables = (0..<Self.partitions).map { RedisArgument.text("online:{\(Self.partitions).\($0)}") }
        return try await connections.routes.redis.pipeline(tables.map { ["HEXISTS", $0, .text(user)] }).contains(
            .integer(1))
    }

    /// Each until it has nothing to do.
    func jobs(_ names: [String]?) async throws {
        for job in work where names?.contains(job.name) ?? true { while case .more = try await job.run() {} }
    }

    var holdings: [Holding] { domains.erasure.allHoldings }

    var audit: ErasureAudit { domains.erasure.audit }

    func wrongCounts(repairs: Bool) async throws -> [CountAudit.Finding] {
        var findings: [CountAudit.Finding] = []
        for audit in domains.countAudits {
            _ = try await audit.run(connections.routes.database, repairs: repairs) { findings += $0 }
        }
        return findings
    }

    var exportedFiles: [ExportedFile] { domains.exports.allFiles }

    func upkeep() async throws {
        for step in domains.all.flatMap(\.upkeep) { try await step.run() }
        try await idempotency.removeExpired()
    }

    func close() async {
        await live.close()
        await liveRedis.close()
        await connections.close()
    }

    /// The live service leans on the domains, and their routes on it.
    private final class Late: Sendable {
        private let held = Mutex<LiveService?>(nil)
        var value: any FeedWaiter { held.withLock { $0! } }
        func set(_ value: LiveService) { held.withLock { $0 = value } }
    }
}
