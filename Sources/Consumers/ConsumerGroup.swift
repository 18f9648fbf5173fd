public import Core
public import EventLog
public import Store
import Synchronization

/// A group that reads from the log, with attempts and dead letters: what a handler says of a record is carried out here.
/// Parked records are rows of PostgreSQL, whatever the log is: those of a partition are the business of the member that has the
/// partition, so one member at a time handles them, and it knows whose keys have to wait.
public final class ConsumerGroup: Sendable {
    private struct State {
        var work: [PartitionName: PartitionWork] = [:]
        var woken: Set<PartitionName> = []
        var subscription: (any LogSubscription)?
    }

    struct PartitionName: Hashable {
        let topic: String
        let partition: Int
    }

    public let subscription: SubscriptionOptions
    private let parts: GroupParts
    private let state = Mutex(State())

    /// - Parameter database: commits in one order with the log's positions where the log is in it.
    public init(
        _ subscription: SubscriptionOptions, _ policy: FailurePolicy, log: any EventLog, database: Database,
        clock: any WallClock, handler: @escaping OutcomeHandler
    ) {
        self.subscription = subscription
        parts = GroupParts(
            name: subscription.group, policy: policy, handler: handler, log: log, database: database, clock: clock,
            metrics: FailureMetrics(group: subscription.group))
    }

    func start() async throws {
        let opened = try await parts.log.subscribe(subscription, turn: turn, handler: handle)
        let begun = state.withLock { state in
            state.subscription = opened
            return state.work.keys
        }
        // What they have parked by now could not say so.
        for name in begun { opened.wake(topic: name.topic, partition: name.partition) }
    }

    func close() async { await opened?.close() }

    package var opened: (any LogSubscription)? { state.withLock { $0.subscription } }

    /// Handles one batch of one partition; throws where it has to come again.
    @Sendable package func handle(_ records: [LogRecord]) async throws {
        guard let first = records.first else { return }
        let hasParked = try await with(
            PartitionName(topic: first.topic, partition: first.partition), isNew: false
        ) { try await $0.handle(records) }
        if hasParked { opened?.wake(topic: first.topic, partition: first.partition) }
    }

    /// `TurnHandler`.
    @Sendable package func turn(_ turn: PartitionTurn) async throws -> Int? {
        try await with(PartitionName(topic: turn.topic, partition: turn.partition), isNew: turn.isFirst) {
            try await $0.takeDue()
        }
    }

    /// Somebody has put a parked record into the partition.
    func wake(topic: String, partition: Int) {
        let subscription = state.withLock { state in
            state.woken.insert(PartitionName(topic: topic, partition: partition))
            return state.subscription
        }
        subscription?.wake(topic: topic, partition: partition)
    }

    /// The log calls for one partition one call at a time, so nobody else has its work meanwhile.
    private func with<T: Sendable>(
        _ name: PartitionName, isNew: Bool, _ body: (inout PartitionWork) async throws -> T
    ) async throws -> T {
        var work = state.withLock { state in
            var work =
                (isNew ? nil : state.work[name])
                ?? PartitionWork(parts, topic: name.topic, partition: name.partition)
            if state.woken.remove(name) != nil { work.isStale = true }
            return work
        }
        do {
            let result = try await body(&work)
            state.withLock { [work] in $0.work[name] = work }
            return result
        } catch {
            work.isStale = true
            state.withLock { [work] in $0.work[name] = work }
            throw error
        }
    }
}
