import Core
public import Store
import Synchronization

/// The groups of one role in one process.
public final class ConsumerGroups: Sendable {
    private static let watchSeconds = 2.0
    private let groups: [ConsumerGroup]
    private let database: Database
    private let watch = Mutex<Task<Void, Never>?>(nil)

    public init(_ groups: [ConsumerGroup], database: Database) {
        (self.groups, self.database) = (groups, database)
    }

    public func start() async throws {
        for group in groups { try await group.start() }
        let task = Task { [groups, database] in
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: UInt64(Self.watchSeconds * 1_000_000_000))
                do {
                    try await Self.look(groups, in: database)
                } catch {
                    if !Task.isCancelled { Log.warning(.parkedNotWatched, ["error": .text("\(error)")]) }
                }
            }
        }
        watch.withLock { $0 = task }
    }

    /// What others have parked, such as who redrives dead letters.
    package static func look(_ groups: [ConsumerGroup], in database: Database) async throws {
        let names = groups.map(\.subscription.group)
        let rows = try await database.query(
            """
            SELECT DISTINCT consumer_group, topic, partition FROM parked_records
            WHERE is_new AND consumer_group = ANY (\(names)::text[])
            """)
        for row in rows {
            let name = try row.text("consumer_group")
            let (topic, partition) = (try row.text("topic"), try row.int("partition"))
            for group in groups where group.subscription.group == name {
                group.wake(topic: topic, partition: partition)
            }
        }
    }

    /// Finishes what is in hand.
    public func close() async {
        watch.withLock { $0 }?.cancel()
        await withTaskGroup(of: Void.self) { tasks in
            for group in groups { tasks.addTask { await group.close() } }
        }
    }
}
