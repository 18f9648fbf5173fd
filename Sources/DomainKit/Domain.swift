public import Consumers
public import Core
public import EventLog
public import Formats
public import HTTPService
public import Store

/// What a domain brings to the roles that mount it. All of it has a default: nothing.
public protocol Domain: Sendable {
    /// Steps of the schema: the domain's tables. Their numbers are the project's, one row of numbers for all domains.
    static var migrations: [Migration] { get }
    /// What it writes to the log.
    static var topics: [TopicPlan] { get }
    /// Forms in which it writes once they are enabled.
    static var formats: [Format] { get }
    /// What it tells live clients.
    static var liveKinds: KnownKinds { get }
    /// The schemas of that which channels tell, by type.
    static var liveEvents: [(type: String, component: Component)] { get }
    /// What clients may subscribe to.
    var channels: [ChannelKind] { get }
    /// What its events on `EngagementTopic` mean to channels.
    var effects: [ChannelEffect] { get }
    /// What it serves over HTTP.
    var operations: [Operation] { get }
    /// What it reads from the log, and what it does about it.
    /// - Parameter log: for what follows from a record.
    func consumers(_ log: any EventLog) -> [Consumer]
    /// What is done every few seconds, in the role `fanout`.
    var upkeep: [UpkeepStep] { get }
    /// What takes long, in the role `worker`.
    func jobs(_ log: any EventLog) -> [Job]
    /// Where it holds something of users, in the order in which that goes when one leaves.
    var holdings: [Holding] { get }
    /// What it counts, beside the rows that are counted.
    var countAudits: [CountAudit] { get }
    /// What a user gets of it in an export of the account.
    var exports: [ExportedFile] { get }
    /// What of it users may report.
    var reportTargets: [ReportTarget] { get }
    /// What of it users are notified of.
    var notifications: [NotificationKind] { get }
}

extension Domain {
    public static var migrations: [Migration] { [] }
    public static var topics: [TopicPlan] { [] }
    public static var formats: [Format] { [] }
    public static var liveKinds: KnownKinds { KnownKinds() }
    public static var liveEvents: [(type: String, component: Component)] { [] }
    public var effects: [ChannelEffect] { [] }
    public var channels: [ChannelKind] { [] }
    public var operations: [Operation] { [] }
    public func consumers(_ log: any EventLog) -> [Consumer] { [] }
    public var upkeep: [UpkeepStep] { [] }
    public func jobs(_ log: any EventLog) -> [Job] { [] }
    public var holdings: [Holding] { [] }
    public var countAudits: [CountAudit] { [] }
    public var exports: [ExportedFile] { [] }
    public var reportTargets: [ReportTarget] { [] }
    public var notifications: [NotificationKind] { [] }
}

/// A group that reads from the log.
public struct Consumer: Sendable {
    /// The role that runs it.
    public enum Place: Sendable {
        /// A client waits for what it does.
        case fanout
        case worker
    }

    public let subscription: SubscriptionOptions
    public let place: Place
    /// Whether the relay waits for it where it is behind.
    public let isPaced: Bool
    public let policy: FailurePolicy
    public let handle: OutcomeHandler

    public init(
        _ subscription: SubscriptionOptions, in place: Place = .fanout, isPaced: Bool = false,
        failing policy: FailurePolicy = .park(.standard), handle: @escaping OutcomeHandler
    ) {
        self.subscription = subscription
        self.place = place
        self.isPaced = isPaced
        self.policy = policy
        self.handle = handle
    }

    /// - Parameter database: see `ConsumerGroup`.
    public func group(on log: any EventLog, _ database: Database, _ clock: any WallClock) -> ConsumerGroup {
        ConsumerGroup(subscription, policy, log: log, database: database, clock: clock, handler: handle)
    }
}

/// Some work that is small and may run twice, also in several processes at once.
public struct UpkeepStep: Sendable {
    /// For the log line of a failure: what it does.
    public let name: String
    public let run: @Sendable () async throws -> Void

    public init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}
