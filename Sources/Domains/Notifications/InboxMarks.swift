import Core
import Store

/// What a user does with his notifications: reads them, removes them.
enum InboxMarks {
    /// - Parameters:
    ///   - upTo: it and all older ones; `nil`: none by that.
    ///   - keys: those besides.
    static func read(
        _ transaction: Transaction, of reader: ID, upTo: ID?, keys: [String], _ context: TraceContext
    ) async throws {
        try await transaction.batch([
            InboxSQL.lockExisting([reader]),
            """
            UPDATE notifications n SET read = true, version = \(InboxSQL.nextVersion(of: "n.user_id"))
            WHERE n.user_id = \(reader) AND NOT n.read AND (n.id <= \(upTo ?? .zero) OR n.key = ANY (\(keys)::text[]))
            """,
            InboxSQL.settled([reader], upTo: upTo ?? .zero, context),
        ])
    }

    /// A group goes, with all that it told; only something new brings it back. One that is not there is fine.
    static func remove(
        _ transaction: Transaction, _ key: String, of reader: ID, _ context: TraceContext
    ) async throws {
        try await transaction.batch([
            InboxSQL.lockExisting([reader]),
            """
            WITH gone AS (
                DELETE FROM notification_causes c WHERE c.user_id = \(reader) AND c.key = \(key)
                RETURNING c.cause_id)
            UPDATE notifications n SET count = 0, read = true, version = \(InboxSQL.nextVersion(of: "n.user_id")),
                floor = greatest(n.floor, (SELECT max(cause_id) FROM gone))
            WHERE n.user_id = \(reader) AND n.key = \(key) AND n.count > 0
            """,
            InboxSQL.settled([reader], context),
        ])
    }
}
