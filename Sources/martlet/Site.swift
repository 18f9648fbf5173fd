import Core
import Crypto
import EmbeddedLog
import EventLog
import NodeLease
import RedisLink
import Runtime
import Sidecars
import Social
import Store
import Wire

/// What the roles of a process share: connections, keys, and the domain on top of them.
final class Site: Sendable {
    let configuration: Configuration
    let clock: any WallClock = SystemClock()
    /// PostgreSQL and the commands to Redis.
    let stores = EventLoop(name: "stores")
    /// HTTP, the live connections, and their own link to Redis.
    let sockets = EventLoop(name: "sockets")
    let database: Database
    /// Commits without waiting for the disk; `nil` where the log isn't in PostgreSQL.
    let relaxedDatabase: Database?
    let redis: Redis
    let redisAddress: RedisAddress
    let secret: [UInt8]
    let ids: IDGenerator
    /// `nil` where the number in the ids is fixed.
    let lease: NodeLease?
    let accounts: Accounts
    let revocations: Revocations
    let users: Users
    let posts: Posts
    let graph: Graph
    let timelines: Timelines
    let feeds: FeedReader
    let repair: FeedRepair
    let idempotency: Idempotency
    let cursors: CursorSigner

    /// - Parameters:
    ///   - secret: what all keys are made from.
    ///   - node: the number in the ids that this process makes; `nil`: the setting's, or else a leased one.
    init(
        _ configuration: Configuration, secret: [UInt8], node: Int? = nil, passwordThreads: Int = 2
    ) async throws {
        self.configuration = configuration
        self.secret = secret
        redisAddress = try configuration.redisAddress()
        var options = DatabaseOptions(connectionInfo: configuration.postgresURL, connections: configuration.poolSize)
        options.session.idleInTransactionTimeout = 30_000
        database = Database(loop: stores, options: options)
        var relaxed = DatabaseOptions(connectionInfo: configuration.postgresURL, connections: configuration.poolSize)
        relaxed.session.statementTimeout = 30_000
        relaxed.session.commitsAreDurable = false
        relaxed.name = "pg_log"
        relaxedDatabase = configuration.kafka != nil ? nil : Database(loop: stores, options: relaxed)
        var redisOptions = Redis.Options()
        redisOptions.scripts = Timelines.scripts
        redis = try await Redis(on: stores, address: redisAddress, options: redisOptions)
        let number = node ?? configuration.node
        ids = number.map { IDGenerator(node: $0, clock: clock) } ?? IDGenerator(clock: clock)
        NodeLease.gauge.set(number ?? -1)
        lease = number == nil ? NodeLease(database: database, ids: ids, clock: clock) : nil
        let hasher = PasswordHasher(threads: passwordThreads, cost: configuration.passwordCost)
        revocations = Revocations(clock: clock)
        accounts = Accounts(
            database: database, ids: ids, hasher: hasher,
            signer: TokenSigner(key: Crypto.derivedKey("access tokens", from: secret)),
            answers: SealedBox(key: Crypto.derivedKey("refresh answers", from: secret)), revocations: revocations,
            addresses: KnownAddresses(secret: secret), clock: clock)
        users = Users(database: database)
        posts = Posts(database: database, ids: ids, users: users, clock: clock)
        graph = Graph(ids: ids, clock: clock)
        timelines = Timelines(redis: redis, partitions: configuration.partitions)
        feeds = FeedReader(database: database, timelines: timelines)
        repair = FeedRepair(database: database, timelines: timelines)
        idempotency = Idempotency(database: database, secret: secret)
        cursors = CursorSigner(key: Crypto.derivedKey("cursors", from: secret))
    }

    /// Waits for PostgreSQL and Redis, brings the schema up to date.
    func prepare() async throws {
        _ = try await migrate()
        try await reached("redis") { try await self.redis.waitUntilConnected(milliseconds: 5000) }
    }

    /// Before the first id is made.
    func leaseNode() async throws {
        do {
            try await reached("postgres") { try await lease?.start() }
        } catch let error as NodeLeaseError {
            throw Failure(error.description)
        }
    }

    /// Brings the schema up to date. Copying a large table takes longer than a request may.
    /// - Returns: the numbers of the steps that ran.
    func migrate() async throws -> [Int] {
        var options = DatabaseOptions(connectionInfo: configuration.postgresURL, connections: 1)
        options.session.statementTimeout = 0
        options.answerMilliseconds = 3_600_000
        options.name = nil
        let database = Database(loop: stores, options: options)
        defer { database.close() }
        do {
            return try await reached("postgres") {
                try await database.migrate(Schema.migrations + NodeLeaseMigrations.all)
            }
        } catch let error as MigrationError {
            throw Failure(error.description)
        }
    }

    /// The event log of the settings.
    func openLog() async throws -> any EventLog {
        guard let options = configuration.kafkaOptions else { return EmbeddedLog(database: relaxedDatabase!) }
        return try await reached("kafka") { try KafkaLog(options: options) }
    }

    /// Does something with a neighbour, and tells its reason by the setting that names it.
    /// - Parameter setting: `postgres`, `redis` or `kafka`.
    func reached<T>(_ setting: String, _ work: () async throws -> T) async throws -> T {
        do {
            return try await work()
        } catch let error where error is PgError || error is RedisError || error is EventLogError {
            throw Failure(configuration.complaint(about: setting, error))
        }
    }

    /// Hears of log-outs and of events in the outbox.
    func listen(onOutbox: @escaping @Sendable () -> Void) -> PgListener {
        PgListener(
            loop: stores, connectionInfo: configuration.postgresURL,
            channels: [Accounts.sessionChannel, Outbox.channel],
            onState: { [accounts, revocations] isUp in
                guard isUp else { return }
                onOutbox()
                Task { await revocations.reload(from: accounts) }
            },
            onNotification: { [revocations] channel, payload in
                if channel == Outbox.channel {
                    onOutbox()
                } else if let session = ID(payload) {
                    revocations.add([session])
                }
            })
    }

    func close() async {
        // A number that can't be given back in time is free a minute later.
        _ = await ends(within: 1000) { [lease] in
            await lease?.release()
            return true
        }
        await redis.close()
        database.close()
        relaxedDatabase?.close()
    }
}

extension Configuration {
    /// Of ids, where it is fixed.
    var node: Int? { values.has("node") ? values.text("node").flatMap { Int($0) } : nil }
    var passwordCost: Int { values.has("password-cost") ? values.number("password-cost") : 5 }
    var poolSize: Int { values.has("postgres-connections") ? values.number("postgres-connections") : 4 }
}
