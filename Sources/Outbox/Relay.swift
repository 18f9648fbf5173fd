import Core
public import EventLog
import Runtime
public import Store
import Synchronization

/// Moves events from the outbox into the log, in order. NOTIFY wakes it; a look every half second backs that up.
///
/// While the log's readers are behind it waits, so that what can't be handled yet stays in the outbox, in its order, where
/// the side that writes sees it. The limits are also what keeps the log's partitions close together: a post that comes
/// behind 800 newer ones of a feed has no place in its timeline any more, and its followers must read anew.
public final class Relay: Sendable {
    private static let limit = 200
    private static let backlogLimit = 600
    /// When the first record has waited for so many milliseconds, some are enough.
    private static let patience = 300
    private static let some = 50
    private static let lookNanoseconds: UInt64 = 100_000_000
    private static let pollMilliseconds: UInt64 = 500
    private let reader: OutboxReader
    private let log: any EventLog
    private let readers: [SubscriptionOptions]
    private let backlog = Metrics.shared.queue("log", limit: Relay.backlogLimit)
    private let wakeup = Wakeup()
    private let running = Mutex<[Task<Void, Never>]>([])
    private let closing = Atomic<Bool>(false)
    private let relayed = Metrics.shared.counter("martlet_relay_events_total", help: "Events moved from the outbox")
    private let failed = Metrics.shared.counter("martlet_relay_failures_total", help: "Moves that failed")

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
        var lookedAt: UInt64 = 0
        while !closing.load(ordering: .acquiring) {
            do {
                if monotonicNanoseconds() - lookedAt > Self.lookNanoseconds {
                    let waiting = try await log.backlog(of: readers)
                    backlog.set(waiting.records)
                    let most = waiting.age > Self.patience ? Self.some : Self.backlogLimit
                    guard waiting.records < most else {
                        try? await Task.sleep(nanoseconds: Self.lookNanoseconds / 5)
                        continue
                    }
                    lookedAt = monotonicNanoseconds()
                }
                let outcome = try await reader.move(limit: Self.limit) { [log] rows in
                    let records = rows.map {
                        NewRecord(topic: $0.topic, key: $0.key, value: $0.payload, headers: $0.headers)
                    }
                    guard !Mutation.deleteBeforeReport.isOn else { return _ = Task { try await log.append(records) } }
                    try await log.append(records)
                }
                if case .moved(let count) = outcome, count > 0 {
                    relayed.add(count)
                    // A full batch may have more behind it, and is as much as the readers are given unseen.
                    if count == Self.limit { lookedAt = 0 }
                    continue
                }
            } catch {
                failed.add()
                Log.warning("outbox not moved", ["error": .text("\(error)")])
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
