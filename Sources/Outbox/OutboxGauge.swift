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

    /// So far below what was seen a look begins: what had its id by then and was not committed is found.
    private static let margin: Int64 = 500
    private static let fullLookPause: UInt64 = 10_000_000_000
    private let database: Database
    private let state = Mutex(State())

    private struct State {
        var floor: Int64 = 0
        var fullLookAt: UInt64 = 0
    }

    public init(database: Database) {
        self.database = database
    }

    /// - Parameter limit: the count goes no further.
    public func read(upTo limit: Int) async throws -> Reading {
        let started = monotonicNanoseconds()
        let floor = state.withLock { started >= $0.fullLookAt ? 0 : $0.floor }
        // Two looks into the index. They begin where the last ones ended, for while a long transaction lives the index
        // has all that was deleted.
        let results = try await database.batch([
            Statement("SELECT last_value FROM outbox_id_seq"),
            Statement(
                """
                SELECT id, (extract(epoch FROM clock_timestamp() - created_at) * 1000)::bigint FROM outbox
                WHERE id > $1 ORDER BY id LIMIT 1
                """, [.integer(floor)]),
            Statement("SELECT id FROM outbox WHERE id > $1 ORDER BY id DESC LIMIT 1", [.integer(floor)]),
        ])
        let given = try results[0][0].integer(0)
        let first = try results[1].first?.integer(0)
        let last = try results[2].first?.integer(0)
        let now = monotonicNanoseconds()
        state.withLock { state in
            state.floor = max(0, (first ?? given) - Self.margin)
            // A full look may pass many dead rows: a hundredth of the time at most.
            if floor == 0 { state.fullLookAt = started + max(Self.fullLookPause, (now - started) * 100) }
        }
        guard let first, let last else { return Reading(count: 0, first: 0, age: 0) }
        let age = max(0, try results[1][0].integer(1))
        return Reading(count: min(limit, Int(clamping: last - first) + 1), first: first, age: Int(age))
    }
}
