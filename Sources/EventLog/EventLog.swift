/// What happened, in order: the seam between the roles and the broker. Two backends: `KafkaLog` (here) and
/// `EmbeddedLog` (PostgreSQL, for one process). One conformance test runs over both.
///
/// What every backend promises:
/// - records with one key in one topic are read in the order in which they were appended;
/// - each record is handled at least once by each group, also over a kill of the process;
/// - a group's position moves only past records whose handler has returned.
public protocol EventLog: Sendable {
    /// Asks for an answer. Throws why there is none: not temporary where waiting does not help.
    func reach(milliseconds: Int) async throws

    /// Makes the topics that are missing. Existing ones stay as they are.
    func createTopics(_ topics: [Topic]) async throws

    /// Gives topics as many partitions as they say, where they have fewer; those that are not there are not made. Only while nobody
    /// appends and all has been read: the records of a key that come behind may be in another partition.
    func grow(_ topics: [Topic]) async throws

    /// Returns once all records are stored for good. After an error some may be stored: append them again.
    func append(_ records: [NewRecord]) async throws

    /// Reads topics as a member of a group from the group's position, or from the start. Different partitions are
    /// handled concurrently; of one partition there is one batch at a time, in order. When the handler throws, the
    /// same batch comes again after a pause.
    /// - Parameter turn: what the member does with a partition by time, never beside a batch of it.
    func subscribe(_ subscription: SubscriptionOptions, turn: TurnHandler?, handler: @escaping RecordHandler)
        async throws
        -> any LogSubscription

    /// What these subscriptions have not handled yet, as far as this process knows.
    func backlog(of subscriptions: [SubscriptionOptions]) async throws -> LogBacklog

    /// Have these groups handled all records that were appended before a time, in whichever process?
    /// - Parameter time: milliseconds since 1970.
    func isRead(by subscriptions: [SubscriptionOptions], before time: Int64) async throws -> Bool

    /// Those of the topics that are not there. Makes none.
    func missing(of topics: [Topic]) async throws -> [Topic]

    /// Whether a member in this process has met a partition that had lost records which were there: when it had last read of it before
    /// that, in monotonic nanoseconds. Said once; of several, the latest.
    func takeLoss() -> UInt64?

    /// Are there records that were appended before a time?
    /// - Parameter time: milliseconds since 1970.
    func hasRecords(in topic: String, before time: Int64) async throws -> Bool

    /// Appends what is queued, closes connections. Subscriptions are closed before.
    func close() async
}

extension EventLog {
    public func subscribe(_ subscription: SubscriptionOptions, handler: @escaping RecordHandler) async throws
        -> any LogSubscription
    {
        try await subscribe(subscription, turn: nil, handler: handler)
    }
}

/// A batch of one topic and partition, in order; never empty.
public typealias RecordHandler = @Sendable ([LogRecord]) async throws -> Void

/// A partition whose time has come.
public struct PartitionTurn: Sendable, Equatable {
    public let topic: String
    public let partition: Int
    /// The first since the member has the partition: no batch of it comes before this turn has ended well.
    public let isFirst: Bool

    public init(topic: String, partition: Int, isFirst: Bool) {
        (self.topic, self.partition, self.isFirst) = (topic, partition, isFirst)
    }
}

/// Returns milliseconds until the next turn; `nil`: not before `LogSubscription.wake`. When it throws, it comes again after a
/// pause.
public typealias TurnHandler = @Sendable (PartitionTurn) async throws -> Int?

public struct LogBacklog: Sendable {
    public let records: Int
    /// How long the first of them has been in the log, in milliseconds; 0 where that is not known.
    public let age: Int

    public init(records: Int, age: Int) {
        self.records = records
        self.age = age
    }
}

public protocol LogSubscription: Sendable {
    /// A turn of the partition is due now, if this member has it.
    func wake(topic: String, partition: Int)

    /// Waits for the batches in hand, commits, leaves the group. No handler runs after it has returned.
    func close() async
}

public struct Topic: Sendable, Equatable {
    public let name: String
    public let partitions: Int
    /// How long records are kept; 0: for ever.
    public let retentionHours: Int

    public init(name: String, partitions: Int, retentionHours: Int) {
        self.name = name
        self.partitions = partitions
        self.retentionHours = retentionHours
    }
}

public struct SubscriptionOptions: Sendable {
    public let group: String
    public let topics: [String]
    /// The most records a batch holds.
    public let batch: Int
    /// Milliseconds that a partition rests behind a batch, so that the next one has more: for who is in no hurry. Of a Kafka
    /// batches are larger by themselves where there is much.
    public let rest: Int

    public init(group: String, topics: [String], batch: Int = 100, rest: Int = 0) {
        self.group = group
        self.topics = topics
        self.batch = batch
        self.rest = rest
    }
}

public struct NewRecord: Sendable, Equatable {
    public let topic: String
    /// Decides the partition: records of one key stay in order.
    public let key: String
    public let value: [UInt8]
    /// Names and values in UTF-8.
    public let headers: [String: String]
    /// In place of key and headers, where these can't say it; the headers are added to its own. Kafka alone has such.
    public let raw: RawRecord?

    public init(topic: String, key: String, value: [UInt8], headers: [String: String], raw: RawRecord? = nil) {
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
        self.raw = raw
    }
}

public struct LogRecord: Sendable, Equatable {
    public let topic: String
    public let partition: Int
    public let offset: Int64
    public let key: String
    public let value: [UInt8]
    public let headers: [String: String]
    /// Key and headers as they are in the log, where `key` and `headers` can't say it.
    public let raw: RawRecord?
    /// How often it has failed before.
    public let attempts: Int

    public init(
        topic: String, partition: Int, offset: Int64, key: String, value: [UInt8], headers: [String: String],
        raw: RawRecord? = nil, attempts: Int = 0
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        (self.raw, self.attempts) = (raw, attempts)
    }
}

public struct EventLogError: Error, Sendable, CustomStringConvertible {
    public let description: String
    /// May the same call succeed later?
    public let isTemporary: Bool

    public init(_ description: String, isTemporary: Bool) {
        self.description = description
        self.isTemporary = isTemporary
    }
}
