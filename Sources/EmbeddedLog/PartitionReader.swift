import Core
import EventLog
import Runtime
import Store
import Synchronization

/// Reads one partition for one group, a batch at a time, in order. The position is stored in the round trip that
/// fetches the next batch.
final class PartitionReader: Sendable {
    let name: PartitionName
    let wakeup: Wakeup
    private let database: Database
    private let subscription: SubscriptionOptions
    private let onRead: @Sendable (_ next: Int64) -> Void
    private let turn: TurnHandler?
    private let turns = Mutex(PartitionTurns())
    private let handler: RecordHandler
    private let closing = Atomic<Bool>(false)
    private let forgets = Atomic<Bool>(false)
    private let consumed: Counter
    private let failures: Counter

    /// - Parameter onRead: told behind which offset a batch ends, before it is handled.
    init(
        database: Database, _ subscription: SubscriptionOptions, name: PartitionName, wakeup: Wakeup,
        onRead: @escaping @Sendable (_ next: Int64) -> Void, turn: TurnHandler?, handler: @escaping RecordHandler
    ) {
        self.database = database
        self.subscription = subscription
        self.name = name
        self.wakeup = wakeup
        self.onRead = onRead
        (self.turn, self.handler) = (turn, handler)
        let group = subscription.group
        consumed = LogMetrics.consumed(group: group, topic: name.topic)
        failures = LogMetrics.handlerFailures(group: group, topic: name.topic)
    }

    func stop() {
        closing.store(true, ordering: .releasing)
        wakeup.signal()
    }

    /// A turn is due now.
    func wake() {
        turns.withLock { $0.wake(now: monotonicNanoseconds()) }
        wakeup.signal()
    }

    /// As a killed process would: the position is not stored.
    func abandon() {
        forgets.store(true, ordering: .releasing)
        stop()
    }

    private var group: String { subscription.group }
    private var isClosing: Bool { closing.load(ordering: .acquiring) }

    func run() async {
        var position: Int64?
        while !isClosing {
            do {
                guard await takeTurn() else {
                    await rest()
                    continue
                }
                let records = try await fetch(&position)
                guard !records.isEmpty else {
                    await rest()
                    continue
                }
                let next = records.last!.offset + 1
                onRead(next)
                guard await handle(records) else { break }
                position = next
                if subscription.rest > 0, records.count < subscription.batch {
                    try? await Task.sleep(nanoseconds: UInt64(subscription.rest) * 1_000_000)
                }
            } catch {
                Log.warning(
                    .partitionNotRead, ["group": .text(group), "topic": .text(name.topic), "error": .text("\(error)")])
                try? await Task.sleep(nanoseconds: 200_000_000)
            }
        }
        if let position, !forgets.load(ordering: .acquiring) {
            _ = try? await database.query(store(position))
        }
    }

    /// Whether the partition may be read.
    private func takeTurn() async -> Bool {
        guard let turn else { return true }
        let (isDue, isFirst) = turns.withLock { ($0.start(now: monotonicNanoseconds()), !$0.hasBegun) }
        guard isDue else { return !isFirst }
        let what = PartitionTurn(topic: name.topic, partition: name.partition, isFirst: isFirst)
        do {
            let next = try await turn(what)
            turns.withLock { $0.end(next: next, now: monotonicNanoseconds()) }
            return true
        } catch {
            LogMetrics.turnFailed(what, group: group, error)
            turns.withLock { $0.fail(now: monotonicNanoseconds()) }
            return !isFirst
        }
    }

    /// Until there is something to read, or a turn is due.
    private func rest() async {
        guard turn != nil, let dueAt = turns.withLock({ $0.dueAt }) else { return await wakeup.wait() }
        let now = monotonicNanoseconds()
        if dueAt > now { await wakeup.wait(nanoseconds: dueAt - now) }
    }

    /// False when the reader was stopped before the batch was handled.
    private func handle(_ records: [LogRecord]) async -> Bool {
        var pause: UInt64 = 50
        while true {
            do {
                try await handler(records)
                consumed.add(records.count)
                return true
            } catch {
                failures.add()
                Log.warning(
                    .batchFailed,
                    ["group": .text(group), "topic": .text(name.topic), "error": .text("\(error)")])
                guard !isClosing else { return false }
                try? await Task.sleep(nanoseconds: pause * 1_000_000)
                pause = min(pause * 2, 2000)
            }
        }
    }

    private func store(_ position: Int64) -> SQL {
        """
        INSERT INTO log_positions (consumer_group, topic, partition, next)
        VALUES (\(group), \(name.topic), \(name.partition), \(position))
        ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next = excluded.next
        WHERE log_positions.next <> excluded.next
        """
    }

    private func fetch(_ position: inout Int64?) async throws -> [LogRecord] {
        if position == nil {
            let rows = try await database.query(
                """
                SELECT next FROM log_positions
                WHERE consumer_group = \(group) AND topic = \(name.topic) AND partition = \(name.partition)
                """)
            position = try rows.first?.integer("next") ?? 0
        }
        let results = try await database.batch([
            store(position!),
            """
            SELECT log_offset, key, value, headers FROM log_records
            WHERE topic = \(name.topic) AND partition = \(name.partition) AND log_offset >= \(position!)
            ORDER BY log_offset LIMIT \(subscription.batch)
            """,
        ])
        return try results[1].map { row in
            LogRecord(
                topic: name.topic, partition: name.partition, offset: try row.integer("log_offset"),
                key: try row.text("key"), value: try row.bytes("value"),
                headers: try FlatJSON.decode(try row.text("headers")))
        }
    }
}
