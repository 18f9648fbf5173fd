import Core
public import EventLog
import Runtime
import Social
public import Store
import Synchronization

/// Moves events from the outbox into the log, in order. NOTIFY wakes it; a look every half second backs that up.
public final class Relay: Sendable {
    private static let limit = 500
    private static let pollMilliseconds: UInt64 = 500
    private let reader: OutboxReader
    private let log: any EventLog
    private let wakeup = Wakeup()
    private let running = Mutex<[Task<Void, Never>]>([])
    private let closing = Atomic<Bool>(false)
    private let relayed = Metrics.shared.counter("martlet_relay_events_total", help: "Events moved from the outbox")
    private let failed = Metrics.shared.counter("martlet_relay_failures_total", help: "Moves that failed")

    public init(database: Database, log: any EventLog) {
        reader = OutboxReader(database: database)
        self.log = log
    }

    public func start() {
        running.withLock { running in
            running = [
                Task { await run() },
                Task { await poll() },
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
        while !closing.load(ordering: .acquiring) {
            do {
                let outcome = try await reader.move(limit: Self.limit) { [log] rows in
                    let records = rows.map {
                        NewRecord(topic: $0.topic, key: $0.key, value: $0.payload, headers: $0.headers)
                    }
                    guard !Mutation.deleteBeforeReport.isOn else { return _ = Task { try await log.append(records) } }
                    try await log.append(records)
                }
                if case .moved(let count) = outcome, count > 0 {
                    relayed.add(count)
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
