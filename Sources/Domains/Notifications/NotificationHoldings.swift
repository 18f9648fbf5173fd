import Core
import DomainKit
import Store

/// Where notifications hold something of a user: what others are notified of him, which is taken back, and his own.
enum NotificationHoldings {
    static let all: [Holding] = [
        Holding(
            "postgres.notification_causes", columns: ["user_id", "actor_id", "object_id", "post_id"],
            .erased(
                { transaction, user, _, limit in
                    var gone = try await own(transaction, "notification_causes", "cause_id", of: user, limit)
                    for condition in others(user) where gone == 0 {
                        gone = try await Inboxes.takeBack(transaction, where: condition)
                    }
                    return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
                },
                count: { user in
                    let others = others(user).map { condition -> SQL in
                        "(SELECT count(*) FROM notification_causes c WHERE \(condition) AND c.user_id <> \(user))"
                    }
                    return """
                        SELECT (SELECT count(*) FROM notification_causes WHERE user_id = \(user))
                            + \(others.joined(separator: " + ")) AS count
                        """
                })),
        Holding(
            "postgres.notifications", columns: ["user_id"],
            .erased(
                { transaction, user, _, limit in
                    let gone = try await own(transaction, "notifications", "id", of: user, limit)
                    return Holding.Step(removed: gone, next: gone == 0 ? nil : 0)
                }, count: { "SELECT count(*) FROM notifications WHERE user_id = \($0)" })),
        .rows("notification_state", ["user_id"]) { "user_id = \($0)" },
    ]

    /// A row of `notification_causes c` tells others of him, or of one of his posts.
    private static func others(_ user: ID) -> [SQL] {
        ["c.actor_id = \(user)", "c.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = \(user))"]
    }

    /// In a table that is in partitions, so a row is not known by its place.
    private static func own(
        _ transaction: Transaction, _ table: StaticString, _ column: StaticString, of user: ID, _ limit: Int
    ) async throws -> Int {
        let (table, column) = (SQL(table), SQL(column))
        return try await transaction.query(
            """
            DELETE FROM \(table) t USING (
                SELECT key, \(column) FROM \(table) WHERE user_id = \(user) LIMIT \(limit) FOR UPDATE) o
            WHERE t.user_id = \(user) AND t.key = o.key AND t.\(column) = o.\(column)
            """
        ).affected
    }
}
