import Core
import Runtime
import Synchronization

/// The event log on Kafka, by librdkafka. One producer for all appends, one consumer with its own thread for each
/// subscription.
public final class KafkaLog: EventLog {
    private struct State {
        var producer: KafkaProducer?
        var isClosed = false
        /// Of who has left, too.
        var lossAt: UInt64?
    }

    private let options: KafkaOptions
    private let mock: MockKafka?
    private let state: Mutex<State>
    private let groups = GroupWatch()

    /// Checks the options; does not wait for a broker.
    /// - Throws: `EventLogError`, not temporary, that names the wrong option and its value.
    public convenience init(options: KafkaOptions) throws {
        try self.init(options, mock: nil)
    }

    /// A log on a broker inside this process, for tests where there is no other.
    package convenience init(options: KafkaOptions, mock: MockKafka) throws {
        var options = options
        options.bootstrapServers = mock.bootstrapServers
        try self.init(options, mock: mock)
    }

    private init(_ options: KafkaOptions, mock: MockKafka?) throws(EventLogError) {
        try options.check()
        var options = options
        // The mock does not look at sequence numbers: it would store a request behind one that it has refused.
        if mock != nil { options.properties["max.in.flight"] = "1" }
        // A wrong property of the consumer must not wait for the first subscription.
        _ = try options.consumerConfiguration(group: options.prefix + "check")
        self.options = options
        self.mock = mock
        state = Mutex(State(producer: try KafkaProducer(options)))
    }

    /// Any of the brokers has to answer.
    public func reach(milliseconds: Int) async throws {
        let producer = try producer()
        try await onThread("kafka-look") { try producer.reach(milliseconds: milliseconds) }
    }

    public func createTopics(_ topics: [Topic]) async throws {
        for topic in topics { try Self.check(topic, prefix: options.prefix) }
        if topics.isEmpty { return }
        if let mock { return try mock.createTopics(topics, prefix: options.prefix) }
        let producer = try producer()
        let creation = KafkaTopics(
            handle: producer.handle, options: options, trouble: { producer.trouble })
        try await onThread("kafka-admin") { try creation.create(topics) }
    }

    public func grow(_ topics: [Topic]) async throws {
        guard mock == nil else {
            throw EventLogError("the broker of the tests gives no topic more partitions", isTemporary: false)
        }
        for topic in topics { try Self.check(topic, prefix: options.prefix) }
        let producer = try producer()
        let growth = KafkaGrowth(handle: producer.handle, prefix: options.prefix)
        try await onThread("kafka-admin") { try growth.grow(topics) }
    }

    private static func check(_ topic: Topic, prefix: String) throws(EventLogError) {
        let name = prefix + topic.name
        guard !topic.name.isEmpty, name.utf8.count <= 249, name.utf8.allSatisfy(KafkaOptions.isNameByte) else {
            throw EventLogError(
                "topic name '\(topic.name)', expected 1 to \(249 - prefix.utf8.count) of a-z A-Z 0-9 . _ -",
                isTemporary: false)
        }
        guard topic.partitions > 0, topic.retentionHours >= 0 else {
            throw EventLogError(
                "topic \(topic.name): \(topic.partitions) partitions and \(topic.retentionHours) hours",
                isTemporary: false)
        }
    }

    public func append(_ records: [NewRecord]) async throws {
        if records.isEmpty { return }
        do {
            try await producer().append(records)
        } catch {
            LogMetrics.failedAppends.add()
            throw error
        }
    }

    /// The producer, or a new one after one that was given up.
    private func producer() throws(EventLogError) -> KafkaProducer {
        try state.withLock { state throws(EventLogError) in
            guard !state.isClosed else { throw EventLogError("the event log is closed", isTemporary: false) }
            if let producer = state.producer, producer.isUsable { return producer }
            let producer = try KafkaProducer(options)
            state.producer = producer
            return producer
        }
    }

    /// It reads until its `close()`, also when nobody keeps it.
    public func subscribe(
        _ subscription: SubscriptionOptions, turn: TurnHandler?, handler: @escaping RecordHandler
    ) async throws -> any LogSubscription {
        guard !state.withLock({ $0.isClosed }) else {
            throw EventLogError("the event log is closed", isTemporary: false)
        }
        guard !subscription.group.isEmpty, !subscription.topics.isEmpty, subscription.batch > 0 else {
            throw EventLogError("a subscription needs a group, a topic and a batch of at least 1", isTemporary: false)
        }
        let control = ConsumerControl { [weak self] time in
            self?.state.withLock { $0.lossAt = max($0.lossAt ?? 0, time) }
        }
        let options = options
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            startThread(name: "kafka-consumer") {
                do {
                    let loop = try ConsumerLoop(options, subscription, control, turn, handler)
                    continuation.resume()
                    loop.run()
                } catch {
                    continuation.resume(throwing: error)
                }
                control.ended.open()
            }
        }
        // The mock does not know who is in a group.
        if mock == nil {
            groups.add(subscription, control) { [weak self] in try await self?.unread(of: $0) ?? [:] }
        }
        return KafkaSubscription(control: control, prefix: options.prefix, drainTimeout: options.drainTimeout)
    }

    private func unread(of subscriptions: [SubscriptionOptions]) async throws -> [String: [PartitionName]] {
        let groups = KafkaGroups(handle: try producer().handle, prefix: options.prefix)
        return try await onThread("kafka-groups") { try groups.unread(of: subscriptions) }
    }

    /// Of the partitions that this process reads: what has been fetched and not finished, and what the last fetch or look,
    /// a second ago at most, saw behind that.
    public func backlog(of subscriptions: [SubscriptionOptions]) async throws -> LogBacklog {
        let lags = subscriptions.flatMap { subscription in
            subscription.topics.map { LogMetrics.lag(group: subscription.group, topic: $0).level }
        }
        return LogBacklog(records: lags.reduce(0, +), age: 0)
    }

    public func isRead(by subscriptions: [SubscriptionOptions], before time: Int64) async throws -> Bool {
        let options = options
        return try await onThread("kafka-progress") {
            for subscription in subscriptions
            where try !KafkaProgress(options, of: subscription).isAll(before: time) { return false }
            return true
        }
    }

    public func missing(of topics: [Topic]) async throws -> [Topic] {
        if mock != nil { return [] }
        let producer = try producer()
        let look = KafkaTopics(handle: producer.handle, options: options, trouble: { producer.trouble })
        return try await onThread("kafka-topics") { try look.missing(of: topics, milliseconds: 5_000) }
    }

    public func takeLoss() -> UInt64? {
        state.withLock { state in
            defer { state.lossAt = nil }
            return state.lossAt
        }
    }

    private func onThread<T: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            startThread(name: name) { continuation.resume(with: Result { try body() }) }
        }
    }

    public func hasRecords(in topic: String, before time: Int64) async throws -> Bool {
        let ages = KafkaAges(handle: try producer().handle, topic: options.prefix + topic)
        return try await onThread("kafka-ages") { try ages.hasRecords(before: time) }
    }

    /// Waits for the appends in hand.
    public func close() async {
        groups.close()
        let producer = state.withLock { state in
            state.isClosed = true
            defer { state.producer = nil }
            return state.producer
        }
        await producer?.close(milliseconds: options.appendTimeout)
    }
}
