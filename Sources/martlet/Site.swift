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
import Layouts
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
    let neighbours: Neighbours
    let clock: any WallClock = SystemClock()
    var sockets: [EventLoop] { neighbours.threads.sockets }
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
    ///   - configuration: with the site's record.
    ///   - secrets: what all keys are made from.
    ///   - node: the number in the ids that this process makes; `nil`: the setting's, or else a leased one.
    init(
        _ configuration: Configuration, _ neighbours: Neighbours, secrets: SiteSecrets, node: Int? = nil
    ) async throws {
        (self.configuration, self.neighbours) = (configuration, neighbours)
        self.secrets = secrets
        redisAddress = try configuration.redisAddress()
        var options = Connections.Options(
            postgres: configuration.postgresURL, redis: redisAddress, sizes: configuration.connectionSizes,
            scripts: Timelines.scripts, entry: Timelines.entry(configuration.partitions))
        options.isPooled = configuration.isPooled
        connections = try await Connections(on: neighbours.threads.stores, options)
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
            resources, hasher: neighbours.threads.hasher, names: NameRules(try configuration.refusedNames()),
            providers: neighbours.threads.providers, devices: configuration.devices,
            waiter: { [waiter] in waiter.value })
    }

    var accounts: Accounts { domains.accounts.accounts }
    var revocations: Revocations { domains.accounts.revocations }
    private var suspensions: Suspensions { domains.accounts.suspensions }

    /// Waits for Redis, and sees to it that nobody goes on in the layout before.
    func prepare() async throws {
        try await neighbours.awaited("redis") {
            try await connections.waitForRedis(milliseconds: 1000)
            if let record = configuration.site, let count = record.former.last {
                try await domains.feed.timelines.end(Partitions(count: count, layout: record.layout - 1))
            }
        }
    }

    /// Before the first id is made.
    func leaseNode() async throws {
        do {
            try await neighbours.awaited("postgres") { try await lease?.start() }
        } catch let error as NodeLeaseError {
            throw Failure(error.description)
        }
    }

    /// The event log of the settings, once it answers.
    func openLog() async throws -> any EventLog {
        guard let options = configuration.kafkaOptions else { return EmbeddedLog(database: connections.storage) }
        let log = try await neighbours.reached("kafka") { try KafkaLog(options: options) }
        try await neighbours.awaited("kafka") { try await log.reach(milliseconds: 1000) }
        return log
    }

    /// Hears of log-outs, of suspensions, of events in the outbox, of formats and of changes of the site.
    func listen(
        onOutbox: @escaping @Sendable () -> Void, onFormat: @escaping @Sendable () -> Void,
        onSite: @escaping @Sendable () -> Void
    ) -> PgListener {
        PgListener(
            loop: neighbours.threads.stores, connectionInfo: configuration.directPostgres.url,
            channels: [
                Accounts.sessionChannel, Suspensions.channel, Outbox.channel, FormatStore.channel, SiteStore.channel,
            ],
            onState: { [accounts, revocations, suspensions, connections] isUp in
                guard isUp else { return }
                onOutbox()
                onFormat()
                onSite()
                Task {
                    await revocations.reload(from: accounts)
                    await suspensions.reload(from: connections.routes.database)
                }
            },
            onNotification: { [revocations, suspensions] channel, payload in
                switch channel {
                case Outbox.channel.description: onOutbox()
                case FormatStore.channel.description: onFormat()
                case SiteStore.channel.description: onSite()
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
