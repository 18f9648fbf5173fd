import Core
import Crypto
import EmbeddedLog
import EventLog
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

    /// - Parameter node: the number in the ids that this process makes; `nil`: the setting's.
    init(_ configuration: Configuration, makeSecret: Bool, node: Int? = nil, passwordThreads: Int = 2) async throws {
        self.configuration = configuration
        secret = try configuration.secret(make: makeSecret)
        redisAddress = try configuration.redisAddress()
        var options = DatabaseOptions(connectionInfo: configuration.postgresURL, connections: configuration.poolSize)
        options.session.idleInTransactionTimeout = 30_000
        database = Database(loop: stores, options: options)
        var relaxed = DatabaseOptions(connectionInfo: configuration.postgresURL, connections: configuration.poolSize)
        relaxed.session.statementTimeout = 30_000
        relaxed.session.commitsAreDurable = false
        relaxed.name = "pg_log"
        relaxedDatabase = configuration.kafka != nil ? nil : Database(loop: stores, options: relaxed)
        redis = try await Redis(on: stores, address: redisAddress)
        ids = IDGenerator(node: node ?? configuration.node, clock: clock)
        let hasher = PasswordHasher(threads: passwordThreads, cost: configuration.passwordCost)
        revocations = Revocations(clock: clock)
        accounts = Accounts(
            database: database, ids: ids, hasher: hasher,
            signer: TokenSigner(key: Crypto.derivedKey("access tokens", from: secret)),
            answers: SealedBox(key: Crypto.derivedKey("refresh answers", from: secret)), revocations: revocations,
            clock: clock)
        users = Users(database: database)
        posts = Posts(database: database, ids: ids, users: users, clock: clock)
        graph = Graph(ids: ids, clock: clock)
        timelines = Timelines(redis: redis, partitions: configuration.partitions)
        feeds = FeedReader(database: database, timelines: timelines)
        repair = FeedRepair(database: database, timelines: timelines)
        idempotency = Idempotency(database: database, secret: secret)
        cursors = CursorSigner(key: Crypto.derivedKey("cursors", from: secret))
    }

    /// Brings the schema up to date; returns the numbers of the steps that ran. Copying a large table takes longer than a
    /// request may.
    func migrate() async throws -> [Int] {
        var options = DatabaseOptions(connectionInfo: configuration.postgresURL, connections: 1)
        options.session.statementTimeout = 0
        options.answerMilliseconds = 3_600_000
        options.name = nil
        let database = Database(loop: stores, options: options)
        defer { database.close() }
        return try await database.migrate(Schema.migrations)
    }

    /// Waits for PostgreSQL and Redis, brings the schema up to date.
    func prepare() async throws {
        do {
            _ = try await migrate()
        } catch let error as MigrationError {
            throw Failure(error.description)
        } catch {
            throw Failure("PostgreSQL does not answer: \(error)")
        }
        do {
            try await redis.waitUntilConnected(milliseconds: 5000)
        } catch {
            throw Failure("Redis does not answer at \(configuration.redis ?? "the private socket"): \(error)")
        }
    }

    /// The event log of the settings.
    func openLog() async throws -> any EventLog {
        let log: any EventLog
        if let options = try configuration.kafkaOptions() {
            do {
                log = try KafkaLog(options: options)
            } catch {
                throw Failure("MARTLET_KAFKA: \(error)", exitCode: 2)
            }
        } else {
            log = EmbeddedLog(database: relaxedDatabase!)
        }
        return log
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
                    revocations.add(session)
                }
            })
    }

    func close() async {
        await redis.close()
        database.close()
        relaxedDatabase?.close()
    }
}

extension Configuration {
    var node: Int { values.number("node") }
    var passwordCost: Int { values.has("password-cost") ? values.number("password-cost") : 5 }
    var poolSize: Int { values.has("postgres-connections") ? values.number("postgres-connections") : 4 }
}
