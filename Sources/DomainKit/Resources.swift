public import Core
public import Crypto
public import Formats
public import HTTPService
public import SiteKeys
public import Store

/// What all domains of a process share.
public struct Resources: Sendable {
    public let connections: Connections
    public let partitions: Partitions
    public let ids: IDGenerator
    public let clock: any WallClock
    /// For rules about durations.
    public let monotonicClock: any MonotonicClock
    /// What all keys are made from.
    public let secrets: SiteSecrets
    /// Keys that outlive them.
    public let keptKeys: KeptKeys
    public let cursors: CursorSigner
    public let idempotency: Idempotency
    public let writes: Writes
    /// What this process may write.
    public let formats: EnabledFormats
    public let lists = Lists()
    /// Off for benchmarks only.
    public let limitsAreOn: Bool

    public init(
        connections: Connections, partitions: Partitions, ids: IDGenerator, clock: any WallClock,
        monotonicClock: any MonotonicClock = SystemClock(), secrets: SiteSecrets, cursors: CursorSigner,
        idempotency: Idempotency, writes: Writes, formats: EnabledFormats, limitsAreOn: Bool
    ) {
        self.connections = connections
        self.partitions = partitions
        self.ids = ids
        self.clock = clock
        self.monotonicClock = monotonicClock
        self.secrets = secrets
        keptKeys = KeptKeys(connections.routes.database, secrets)
        self.cursors = cursors
        self.idempotency = idempotency
        self.writes = writes
        self.formats = formats
        self.limitsAreOn = limitsAreOn
    }

    /// PostgreSQL, for what a client waits for.
    public var database: Database { connections.routes.database }
}
