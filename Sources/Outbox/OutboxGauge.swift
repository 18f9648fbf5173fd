import Core
public import Store
import Synchronization

/// How much waits in the outbox, told without counting it: from its first and its last id.
public final class OutboxGauge: Sendable {
    public struct Reading: Sendable, Equatable {
        /// Last id minus first plus one: an event too many for each insert between them that was rolled back or is not
        /// committed, and for each event that went out before its turn.
        public let count: Int
        /// The id of the first event; 0: there is none.
        public let first: Int64
        /// Milliseconds that the first event has waited, by the database's clock.
        public let age: Int
    }

    private let database: Database
    private let floor = Mutex(GaugeFloor())

    public init(database: Database) {
        self.database = database
    }

    /// - Parameter limit: the count goes no further.
    public func read(upTo limit: Int) async throws -> Reading {
        let look = floor.withLock { $0.look(now: monotonicNanoseconds()) }
        // Two looks into the index.
        let results = try await database.batch([
            "SELECT last_value FROM outbox_id_seq",
            """
            SELECT id, (extract(epoch FROM clock_timestamp() - created_at) * 1000)::bigint AS age FROM outbox
            WHERE id > \(look.floor) ORDER BY id LIMIT 1
            """,
            "SELECT id FROM outbox WHERE id > \(look.floor) ORDER BY id DESC LIMIT 1",
        ])
        let given = try results[0][0].integer("last_value")
        let first = try results[1].first?.integer("id")
        let last = try results[2].first?.integer("id")
        floor.withLock { $0.saw(first: first, given: given, look, now: monotonicNanoseconds()) }
        guard let first, let last else { return Reading(count: 0, first: 0, age: 0) }
        let age = max(0, try results[1][0].integer("age"))
        return Reading(count: min(limit, Int(clamping: last - first) + 1), first: first, age: Int(age))
    }
}
