public import RedisLink
public import Runtime
public import Store

/// Connections by purpose, each with some of its own to either neighbour: nobody waits behind another's convoy.
public struct Connections: Sendable {
    public struct Options: Sendable {
        /// A libpq connection string or URI.
        public var postgres: String
        /// As of `DatabaseOptions`.
        public var isPooled = false
        public var redis: RedisAddress
        public var sizes: ConnectionSizes
        /// All that is called over the links to Redis.
        public var scripts: [RedisScript]
        /// What each of these links asks before it is ready.
        public var entry: RedisEntry?

        public init(
            postgres: String, redis: RedisAddress, sizes: ConnectionSizes, scripts: [RedisScript],
            entry: RedisEntry? = nil
        ) {
            self.postgres = postgres
            self.redis = redis
            self.sizes = sizes
            self.scripts = scripts
            self.entry = entry
        }
    }

    /// What one purpose has.
    public struct Pair: Sendable {
        public let database: Database
        public let redis: Redis

        public init(database: Database, redis: Redis) {
            self.database = database
            self.redis = redis
        }
    }

    /// For what a client waits for.
    public let routes: Pair
    /// For what goes on by itself: relay, planner, chunk workers, gauges, the lease of a node number.
    public let workers: Pair
    /// For what may take long: rebuilds of timelines, follows that were abandoned, upkeep.
    public let scans: Pair
    /// The log's, where it is in PostgreSQL: commits don't wait for the disk.
    public let log: Database?

    /// For what workers write. It may commit without waiting for the disk where the log's positions do so too, in the
    /// same PostgreSQL: a crash loses them together, in order.
    public var storage: Database { log ?? workers.database }

    public init(on loop: EventLoop, _ options: Options) async throws {
        func pair(_ name: String, _ connections: Int, statementTimeout: Int = 15_000) async throws -> Pair {
            var database = DatabaseOptions(connectionInfo: options.postgres, connections: connections)
            database.session.idleInTransactionTimeout = 30_000
            database.session.statementTimeout = statementTimeout
            database.name = "pg_\(name)"
            database.isPooled = options.isPooled
            var redis = Redis.Options()
            redis.name = name
            redis.scripts = options.scripts
            redis.entry = options.entry
            return Pair(
                database: Database(loop: loop, options: database),
                redis: try await Redis(on: loop, address: options.redis, options: redis))
        }
        routes = try await pair("routes", options.sizes.routes)
        workers = try await pair("workers", options.sizes.workers)
        scans = try await pair("scans", options.sizes.scans, statementTimeout: 30_000)
        log = options.sizes.log > 0 ? Self.log(on: loop, options) : nil
    }

    /// One pair for all purposes: for tests.
    public init(shared pair: Pair) {
        (routes, workers, scans, log) = (pair, pair, pair, nil)
    }

    private static func log(on loop: EventLoop, _ options: Options) -> Database {
        var database = DatabaseOptions(connectionInfo: options.postgres, connections: options.sizes.log)
        database.session.statementTimeout = 30_000
        database.session.commitsAreDurable = false
        database.name = "pg_log"
        database.isPooled = options.isPooled
        return Database(loop: loop, options: database)
    }

    private var pairs: [Pair] { [routes, workers, scans] }

    /// Are all links to Redis ready?
    public var isRedisConnected: Bool { pairs.allSatisfy(\.redis.isConnected) }

    /// - Parameter milliseconds: how long at most, for each.
    public func waitForRedis(milliseconds: Int) async throws {
        for pair in pairs { try await pair.redis.waitUntilConnected(milliseconds: milliseconds) }
    }

    public func close() async {
        for pair in pairs {
            await pair.redis.close()
            pair.database.close()
        }
        log?.close()
    }
}
