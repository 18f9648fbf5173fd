import Core
public import Store

/// One event of the outbox.
public struct OutboxRow: Sendable {
    public let topic: String
    public let key: String
    public let payload: [UInt8]
    public let headers: [String: String]
}

/// Takes events out of the outbox in the order of their transactions.
public struct OutboxReader: Sendable {
    private let database: Database

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
    /// or reorders them.
    public func move(
        limit: Int, _ append: @Sendable ([OutboxRow]) async throws -> Void
    ) async throws -> Outcome {
        try await database.transaction { transaction in
            // ORDER BY names the table: the output column xid is a text, by which 10 comes before 9.
            let results = try await transaction.batch([
                Statement("SELECT pg_try_advisory_xact_lock(7236472)"),
                Statement(
                    Mutation.outboxByNumber.isOn
                        ? "SELECT '0', id, topic, key, payload, headers FROM outbox ORDER BY id LIMIT $1"
                        : """
                        SELECT xid::text, id, topic, key, payload, headers FROM outbox
                        WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
                        ORDER BY outbox.xid, outbox.id LIMIT $1
                        """, [.integer(Int64(limit))]),
            ])
            guard results[0][0].bool(0) else { return .notOwner }
            let rows = results[1]
            guard let last = rows.last else { return .moved(0) }
            try await append(
                rows.map { row in
                    OutboxRow(
                        topic: row.text(2), key: row.text(3), payload: row.bytes(4),
                        headers: try FlatJSON.decode(row.text(5)))
                })
            try await transaction.commit([
                Statement(
                    Mutation.outboxByNumber.isOn
                        ? "DELETE FROM outbox WHERE id <= $2 AND $1 IS NOT NULL"
                        : "DELETE FROM outbox WHERE (xid, id) <= ($1::xid8, $2)",
                    [.text(last.text(0)), .integer(last.integer(1))])
            ])
            return .moved(rows.count)
        }
    }

    /// What waits: how many events, counted no further than the limit, which is the first of them, and for how many
    /// milliseconds it has waited. By the index, which soon forgets deleted rows, and by the database's clock.
    public func waiting(upTo limit: Int) async throws -> (count: Int, first: Int64, age: Int) {
        let results = try await database.batch([
            Statement(
                "SELECT count(*) FROM (SELECT 1 FROM outbox ORDER BY xid, id LIMIT $1) counted",
                [.integer(Int64(limit))]),
            Statement(
                """
                SELECT id, (extract(epoch FROM clock_timestamp() - created_at) * 1000)::bigint FROM outbox
                ORDER BY outbox.xid, outbox.id LIMIT 1
                """),
        ])
        let first = results[1].first
        return (Int(results[0][0].integer(0)), first?.integer(0) ?? 0, Int(first?.integer(1) ?? 0))
    }
}
