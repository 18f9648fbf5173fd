import Core
import Store

/// What a user does with his notifications: reads them, removes them.
enum InboxMarks {
    /// - Parameters:
    ///   - upTo: it and all older ones; `nil`: none by that.
    ///   - keys: those besides.
    static func read(_ transaction: Transaction, of reader: ID, upTo: ID?, keys: [String]) async throws {
        try await transaction.batch(
            [
                InboxSQL.lockExisting([reader]),
                """
                UPDATE notifications SET read = true
                WHERE user_id = \(reader) AND NOT read AND (id <= \(upTo ?? .zero) OR key = ANY (\(keys)::text[]))
                """,
            ] + InboxSQL.settled([reader]))
    }

    /// A group goes, with all that it told; only something new brings it back. One that is not there is fine.
    static func remove(_ transaction: Transaction, _ key: String, of reader: ID) async throws {
        try await transaction.batch(
            [
                InboxSQL.lockExisting([reader]),
                """
                WITH gone AS (
                    DELETE FROM notification_causes c WHERE c.user_id = \(reader) AND c.key = \(key)
                    RETURNING c.cause_id)
                UPDATE notifications n SET count = 0, read = true,
                    floor = greatest(n.floor, (SELECT max(cause_id) FROM gone))
                WHERE n.user_id = \(reader) AND n.key = \(key)
                """,
            ] + InboxSQL.settled([reader]))
    }
}
