import Core
public import EventLog
import Runtime
public import Store
import Synchronization

/// Moves events from the outbox into the log, in order, as fast as the log's readers keep up (`RelayPace`). NOTIFY wakes it;
/// a look every half second backs that up.
public final class Relay: Sendable {
    private static let pollMilliseconds: UInt64 = 500
    private let reader: OutboxReader
    private let log: any EventLog
    private let readers: [SubscriptionOptions]
    private let backlog = Metrics.shared.queue("log", limit: RelayPace.most)
    private let wakeup = Wakeup()
    private let running = Mutex<[Task<Void, Never>]>([])
    private let closing = Atomic<Bool>(false)
    private let relayed = Metrics.shared.counter(.relayed)
    private let failed = Metrics.shared.counter(.relayFailures)

    /// - Parameter readers: who must keep up with what is moved.
    public init(database: Database, log: any EventLog, readers: [SubscriptionOptions]) {
        reader = OutboxReader(database: database)
        self.log = log
        self.readers = readers
    }

    public func start() {
        running.withLock { running in
            running = [
                Task(priority: .high) { await run() },
                Task(priority: .high) { await poll() },
            ]
        }
    }

    /// There is something in the outbox.
    public func wake() { wakeup.signal() }

    private func poll() async {
        while !Task.isCancelled {
            try? await Task.sleep(nanoseconds: Self.pollMilliseconds * 1_000_000)
            wakeup.signal()
        }
    }

    private func run() async {
        var pace = RelayPace()
        while !closing.load(ordering: .acquiring) {
            do {
                if pace.mustLook(now: monotonicNanoseconds()) {
                    let waiting = try await log.backlog(of: readers)
                    backlog.set(waiting.records)
                    guard pace.admits(waiting, now: monotonicNanoseconds()) else {
                        try? await Task.sleep(nanoseconds: RelayPace.interval / 5)
                        continue
                    }
                }
                let outcome = try await reader.move(limit: RelayPace.batch) { [log] rows in
                    let records = rows.map {
                        NewRecord(topic: $0.topic, key: $0.key, value: $0.payload, headers: $0.headers)
                    }
                    try await log.append(records)
                }
                if case .moved(let count) = outcome, count > 0 {
                    relayed.add(count)
                    pace.moved(count)
                    continue
                }
            } catch {
                failed.add()
                Log.warning(.outboxNotMoved, ["error": .text("\(error)")])
                try? await Task.sleep(nanoseconds: 100_000_000)
                continue
            }
            await wakeup.wait()
        }
    }

    /// Finishes the move in hand.
    public func close() async {
        closing.store(true, ordering: .releasing)
        wakeup.signal()
        let tasks = running.withLock { $0 }
        tasks[1].cancel()
        for task in tasks { await task.value }
    }
}
