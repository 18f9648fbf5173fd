import Accounts
import Core
import Crypto
import DomainKit
import DomainRegistry
import EmbeddedLog
import EventLog
import Feed
import Formats
import HTTPService
import NodeLease
import OpenIDConnect
import Outbox
import RedisLink
import Runtime
import Sidecars
import Store
import Synchronization

/// What the roles of a process share: connections, keys, and the domain on top of them.
final class Site: Sendable {
    let configuration: Configuration
    private let startWait: StartWait
    let clock: any WallClock = SystemClock()
    /// PostgreSQL and the commands to Redis.
    let stores = EventLoop(name: "stores")
    /// HTTP, the live connections, and their own links to Redis: each loop has a part of the connections.
    let sockets: [EventLoop]
    let connections: Connections
    let redisAddress: RedisAddress
    let secrets: SiteSecrets
    /// `nil` where the number in the ids is fixed.
    let lease: NodeLease?
    let idempotency: Idempotency
    let cursors: CursorSigner
    /// Called when something may be new in the outbox.
    let committed = CommitHook()
    let domains: Domains
    /// What this process reads, and what it may write.
    let formats = EnabledFormats(known: Domains.formats)
    /// Tells long polls; set before the routes are made.
    let waiter = Late<any FeedWaiter>()

    /// - Parameters:
    ///   - secrets: what all keys are made from.
    ///   - node: the number in the ids that this process makes; `nil`: the setting's, or else a leased one.
    ///   - loops: of the sockets.
    init(
        _ configuration: Configuration, secrets: SiteSecrets, node: Int? = nil, passwordThreads: Int = 2, loops: Int = 1
    ) async throws {
        sockets = (0..<loops).map { EventLoop(name: $0 == 0 ? "sockets" : "sockets-\($0)") }
        self.configuration = configuration
        startWait = StartWait(seconds: configuration.startSeconds)
        self.secrets = secrets
        redisAddress = try configuration.redisAddress()
        var options = Connections.Options(
            postgres: configuration.postgresURL, redis: redisAddress, sizes: configuration.connectionSizes,
            scripts: Timelines.scripts)
        options.isPooled = configuration.isPooled
        connections = try await Connections(on: stores, options)
        let number = node ?? configuration.node
        let ids = if let number { IDGenerator(node: number, clock: clock) } else { IDGenerator(clock: clock) }
        NodeLease.gauge.set(number ?? -1)
        lease = number == nil ? NodeLease(database: connections.workers.database, ids: ids, clock: clock) : nil
        let database = connections.routes.database
        idempotency = Idempotency(database: database, secrets: secrets, sessionLives: Accounts.lives)
        cursors = CursorSigner(secrets.keys("cursors"))
        let resources = Resources(
            connections: connections, partitions: configuration.partitions, ids: ids, clock: clock, secrets: secrets,
            cursors: cursors, idempotency: idempotency,
            writes: Writes(database: database, idempotency: idempotency, onCommit: { [committed] in committed.call() }),
            formats: formats, limitsAreOn: configuration.limitsAreOn)
        domains = Domains(
            resources, hasher: PasswordHasher(threads: passwordThreads, cost: configuration.passwordCost),
            names: NameRules(try configuration.refusedNames()),
            providers: configuration.providers.map { [clock] in
                ProviderClient($0, allowsLoopback: configuration.allowsLoopbackProviders, clock: clock)
            }, devices: configuration.devices, waiter: { [waiter] in waiter.value })
    }

    var accounts: Accounts { domains.accounts.accounts }
    var revocations: Revocations { domains.accounts.revocations }
    private var suspensions: Suspensions { domains.accounts.suspensions }

    /// Waits for PostgreSQL and Redis, and for the schema to be up to date, which it sees to itself where it may.
    func prepare() async throws {
        if configuration.migratesItself {
            _ = try await migrate()
        } else {
            try await withMigrator { try await $0.awaitMigrations(Domains.migrations) }
        }
        try await awaited("redis") { try await self.connections.waitForRedis(milliseconds: 1000) }
    }

    /// Before the first id is made.
    func leaseNode() async throws {
        do {
            try await awaited("postgres") { try await lease?.start() }
        } catch let error as NodeLeaseError {
            throw Failure(error.description)
        }
    }

    /// Brings the schema up to date.
    /// - Returns: the numbers of the steps that ran.
    func migrate() async throws -> [Int] {
        try await withMigrator { try await $0.migrate(Domains.migrations) }
    }

    /// With a connection that gives a statement all the time that it takes: copying a large table takes hours.
    private func withMigrator<T>(_ body: (Database) async throws -> T) async throws -> T {
        let (url, setting) = configuration.directPostgres
        var options = DatabaseOptions(connectionInfo: url, connections: 1)
        options.session.statementTimeout = 0
        options.answerMilliseconds = .max
        options.name = nil
        let database = Database(loop: stores, options: options)
        defer { database.close() }
        return try await awaited(setting) { try await body(database) }
    }

    /// The event log of the settings, once it answers.
    func openLog() async throws -> any EventLog {
        guard let options = configuration.kafkaOptions else { return EmbeddedLog(database: connections.storage) }
        let log = try await reached("kafka") { try KafkaLog(options: options) }
        try await awaited("kafka") { try await log.reach(milliseconds: 1000) }
        return log
    }

    /// As `reached`, for the start: what may pass is tried again for as long as the settings say.
    func awaited<T>(_ setting: String, _ work: () async throws -> T) async throws -> T {
        try await reached(setting) {
            while true {
                do {
                    return try await work()
                } catch {
                    let server = Configuration.neighbour(setting)
                    let reason = configuration.reason(of: error)
                    guard try await startWait.goesOn(after: error, server: server, reason: reason) else { throw error }
                }
            }
        }
    }

    /// Does something with a neighbour, and tells its reason by the setting that names it.
    /// - Parameter setting: `postgres`, `postgres-direct`, `redis` or `kafka`.
    func reached<T>(_ setting: String, _ work: () async throws -> T) async throws -> T {
        do {
            return try await work()
        } catch let error where error is PgError || error is RedisError || error is EventLogError {
            throw Failure(configuration.complaint(about: setting, error))
        }
    }

    /// Hears of log-outs, of suspensions, of events in the outbox and of formats.
    func listen(
        onOutbox: @escaping @Sendable () -> Void, onFormat: @escaping @Sendable () -> Void
    ) -> PgListener {
        PgListener(
            loop: stores, connectionInfo: configuration.directPostgres.url,
            channels: [Accounts.sessionChannel, Suspensions.channel, Outbox.channel, FormatStore.channel],
            onState: { [accounts, revocations, suspensions, connections] isUp in
                guard isUp else { return }
                onOutbox()
                onFormat()
                Task {
                    await revocations.reload(from: accounts)
                    await suspensions.reload(from: connections.routes.database)
                }
            },
            onNotification: { [revocations, suspensions] channel, payload in
                switch channel {
                case Outbox.channel.description: onOutbox()
                case FormatStore.channel.description: onFormat()
                case Suspensions.channel.description: suspensions.hear(payload)
                default: revocations.hear(payload)
                }
            })
    }

    func close() async {
        // A number that can't be given back in time is free a minute later.
        _ = await ends(within: 1000) { [lease] in
            await lease?.release()
            return true
        }
        await connections.close()
    }
}

/// Something that is made after those who will use it.
final class Late<Value: Sendable>: Sendable {
    private let held = Mutex<Value?>(nil)

    func set(_ value: Value) { held.withLock { $0 = value } }

    /// - Precondition: it was set.
    var value: Value { held.withLock { $0! } }
}

extension Configuration {
    /// Of ids, where it is fixed.
    var node: Int? { values.has("node") ? values.text("node").flatMap { Int($0) } : nil }
    /// What a worker does, by name; `nil`: all.
    var work: Set<String>? {
        values.text("work").map { Set($0.split(separator: ",").map { String($0).withoutOuterSpace }) }
    }
    /// Whether WebSockets may compress.
    var deflates: Bool { values.text("live-deflate") == "on" }
    /// Whether the schema is brought up to date by the process itself.
    var migratesItself: Bool { !values.has("migrations") || values.text("migrations") != "wait" }
    /// How long a start may wait for servers. The tools don't.
    var startSeconds: Int { values.has("start-seconds") ? values.number("start-seconds") : 0 }
    var passwordCost: Int { values.has("password-cost") ? values.number("password-cost") : 5 }
    /// The tools do one thing at a time.
    var connectionSizes: ConnectionSizes {
        ConnectionSizes(
            values.has("postgres-connections") ? values.number("postgres-connections") : 4, keepsLog: kafka == nil)
    }
}
