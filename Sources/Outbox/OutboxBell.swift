import Core
import Runtime
public import Store

/// Wakes the relay, wherever it is, after an event was committed. Not within the transaction: PostgreSQL lets only one
/// transaction with a NOTIFY commit at a time, and the next one waits until the disk has the one before. Rings that come
/// while one is under way are one; one that is lost is made up for by the relay's own look.
public final class OutboxBell: Sendable {
    private let wakeup = Wakeup()
    private let task: Task<Void, Never>

    public init(database: Database) {
        let wakeup = wakeup
        task = Task {
            while true {
                await wakeup.wait()
                guard !Task.isCancelled else { return }
                _ = try? await database.query("SELECT pg_notify(\(Outbox.channel.description), '')")
            }
        }
    }

    public func ring() { wakeup.signal() }

    public func close() {
        task.cancel()
        wakeup.signal()
    }
}
