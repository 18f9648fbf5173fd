public import Core
public import Formats
public import HTTPService
public import RedisLink
public import Store

/// What all domains of a process share.
public struct Resources: Sendable {
    public let database: Database
    /// For what the fan-out writes. It may commit without waiting for the disk where the log's positions do so too, in the
    /// same PostgreSQL: a crash loses them together, in order.
    public let storage: Database
    public let redis: Redis
    public let partitions: Partitions
    public let ids: IDGenerator
    public let clock: any WallClock
    /// What all keys are made from.
    public let secret: [UInt8]
    public let cursors: CursorSigner
    public let idempotency: Idempotency
    public let writes: Writes
    /// What this process may write.
    public let formats: EnabledFormats
    public let lists = Lists()
    /// Off for benchmarks only.
    public let limitsAreOn: Bool

    public init(
        database: Database, storage: Database, redis: Redis, partitions: Partitions, ids: IDGenerator,
        clock: any WallClock, secret: [UInt8], cursors: CursorSigner, idempotency: Idempotency, writes: Writes,
        formats: EnabledFormats, limitsAreOn: Bool
    ) {
        self.database = database
        self.storage = storage
        self.redis = redis
        self.partitions = partitions
        self.ids = ids
        self.clock = clock
        self.secret = secret
        self.cursors = cursors
        self.idempotency = idempotency
        self.writes = writes
        self.formats = formats
        self.limitsAreOn = limitsAreOn
    }
}
