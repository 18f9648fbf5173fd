public import Core
public import EventLog
import Runtime
public import Social
public import Store
import Synchronization
import Wire

/// The role `fanout`: relay, planner, chunk workers, and the repair of follows that were cut short.
public final class FanOut: Sendable {
    private let relay: Relay
    private let log: any EventLog
    private let planner: Planner
    private let worker: ChunkWorker
    private let graph: GraphWorker
    private let repair: FeedRepair
    private let idempotency: Idempotency
    private let database: Database
    private let clock: any WallClock
    private let keys = Metrics.shared.queue("idempotency_keys", limit: nil)
    private let running = Mutex<Running>(Running())
    private static let plans = SubscriptionOptions(group: "planner", topics: [TopicName.postEvents])
    private static let chunks = SubscriptionOptions(group: "chunks", topics: [TopicName.chunks], batch: 50)

    private struct Running {
        var subscriptions: [any LogSubscription] = []
        var upkeep: Task<Void, Never>?
    }

    /// - Parameter storage: where feeds and progress are written, and the outbox is emptied. It may commit without waiting
    ///   for the disk where the log's positions do so too, in the same PostgreSQL: a crash loses them together, in order.
    public init(
        database: Database, storage: Database, log: any EventLog, timelines: Timelines, repair: FeedRepair,
        idempotency: Idempotency,
        clock: any WallClock
    ) {
        let store = FanOutStore(database: storage)
        relay = Relay(database: storage, log: log, readers: [Self.plans, Self.chunks])
        planner = Planner(store: store, log: log)
        worker = ChunkWorker(store: store, timelines: timelines)
        graph = GraphWorker(log: log)
        self.log = log
        self.database = database
        self.repair = repair
        self.idempotency = idempotency
        self.clock = clock
    }

    /// The topics of this installation.
    public static func topics(partitions: Int) -> [Topic] {
        [
            Topic(name: TopicName.postEvents, partitions: partitions, retentionHours: 24 * 7),
            Topic(name: TopicName.graphEvents, partitions: partitions, retentionHours: 24 * 7),
            Topic(name: TopicName.chunks, partitions: partitions, retentionHours: 24),
            Topic(name: TopicName.feedUpdated, partitions: partitions, retentionHours: 24),
            Topic(name: TopicName.notificationRequested, partitions: partitions, retentionHours: 24 * 7),
        ]
    }

    public func start() async throws {
        let planner = planner
        let worker = worker
        let plans = try await log.subscribe(Self.plans) { try await planner.handle($0) }
        let chunks = try await log.subscribe(Self.chunks) { try await worker.handle($0) }
        let graph = graph
        let changes = try await log.subscribe(
            SubscriptionOptions(group: "graph", topics: [TopicName.graphEvents])
        ) { try await graph.handle($0) }
        relay.start()
        running.withLock { running in
            running.subscriptions = [plans, chunks, changes]
            running.upkeep = Task { await upkeep() }
        }
    }

    /// There is something in the outbox.
    public func wake() { relay.wake() }

    /// All of it each time: what is removed is removed some at a time, and there is an index for each. What fails keeps none
    /// of the others from its turn.
    private func upkeep() async {
        let (repair, idempotency, database, clock, keys) = (repair, idempotency, database, clock, keys)
        let steps: [(name: String, run: @Sendable () async throws -> Void)] = [
            ("end expired sessions", { try await Accounts.endExpired(database) }),
            ("finish abandoned follows", { _ = try await repair.finishAbandoned(now: clock.milliseconds()) }),
            ("remove answers to refreshes", { try await Accounts.removeAnswers(database) }),
            ("remove expired sessions", { try await Accounts.removeExpired(database) }),
            ("remove idempotency keys", { try await idempotency.removeExpired() }),
            ("remove known addresses", { try await KnownAddresses.removeExpired(database) }),
            ("count idempotency keys", { keys.set(try await idempotency.count()) }),
        ]
        while !Task.isCancelled {
            try? await Task.sleep(nanoseconds: 5_000_000_000)
            for step in steps where !Task.isCancelled {
                do {
                    try await step.run()
                } catch {
                    Log.warning("upkeep failed", ["step": .text(step.name), "error": .text("\(error)")])
                }
            }
        }
    }

    /// Finishes what is in hand and commits it.
    public func close() async {
        let (subscriptions, upkeep) = running.withLock { ($0.subscriptions, $0.upkeep) }
        upkeep?.cancel()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.relay.close() }
            for subscription in subscriptions { group.addTask { await subscription.close() } }
        }
    }
}
