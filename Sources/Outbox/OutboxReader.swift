import Core
public import Store
import Synchronization

/// One event of the outbox.
public struct OutboxRow: Sendable {
    public let topic: String
    public let key: String
    public let payload: [UInt8]
    public let headers: [String: String]
}

/// Takes events out of the outbox: what it sees, in the order of ids. Events of one key are committed in that order, for
/// whoever writes them holds a lock (`Outbox.statement`); those of other keys may come in any.
public final class OutboxReader: Sendable {
    /// Of the one relay that moves events, for as long as a move lasts.
    static let lock: SQL = "7236472"
    private let database: Database
    private let floor = Mutex(OutboxFloor())

    public init(database: Database) {
        self.database = database
    }

    public enum Outcome: Sendable, Equatable {
        /// How many went out; 0: there is nothing to do.
        case moved(Int)
        /// Another relay holds the outbox.
        case notOwner
    }

    /// Reads up to `limit` events, hands them over, and deletes them once `append` has returned. One relay at a time:
    /// an advisory lock is held for as long as the transaction lasts. A crash in between repeats events, never loses
    /// them. No transaction holds it up but one that has written an event and not committed it.
    public func move(
        limit: Int, _ append: @Sendable ([OutboxRow]) async throws -> Void
    ) async throws -> Outcome {
        do {
            return try await moveOnce(limit: limit, append)
        } catch {
            // It may be another server that answers next.
            floor.withLock { $0 = OutboxFloor() }
            throw error
        }
    }

    private func moveOnce(
        limit: Int, _ append: @Sendable ([OutboxRow]) async throws -> Void
    ) async throws -> Outcome {
        try await database.transaction { transaction in
            let look = floor.withLock { $0.look(now: monotonicNanoseconds()) }
            // The writers are asked for first: who is not among them any more has committed before the events are read.
            let writers = look.asksForWriters ? [Self.writers] : []
            let results = try await transaction.batch(
                ["SELECT pg_try_advisory_xact_lock(\(Self.lock)) AS is_mine"] + writers + [
                    """
                    SELECT id, topic, key, payload, headers FROM outbox
                    WHERE id > \(look.floor) ORDER BY id LIMIT \(limit)
                    """
                ])
            guard try results[0][0].bool("is_mine") else { return .notOwner }
            let rows = results[results.count - 1]
            let ids = try rows.map { try $0.integer("id") }
            let found = look.asksForWriters ? Set(try results[1].map { try $0.text("virtualtransaction") }) : nil
            floor.withLock { $0.saw(ids, writers: found, look, now: monotonicNanoseconds()) }
            guard !ids.isEmpty else { return .moved(0) }
            try await append(
                rows.map { row in
                    OutboxRow(
                        topic: try row.text("topic"), key: try row.text("key"), payload: try row.bytes("payload"),
                        headers: try FlatJSON.decode(try row.text("headers")))
                })
            try await transaction.commit([
                "DELETE FROM outbox WHERE id = ANY (\(ids)::bigint[])"
            ])
            return .moved(ids.count)
        }
    }

    /// The transactions that may have written events and are not committed: each holds this lock to its end.
    private static let writers: SQL = """
        SELECT virtualtransaction FROM pg_locks
        WHERE locktype = 'relation' AND relation = 'outbox'::regclass AND mode = 'RowExclusiveLock'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND pid IS DISTINCT FROM pg_backend_pid()
        """
}
