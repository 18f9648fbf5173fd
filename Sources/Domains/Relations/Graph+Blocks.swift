import Accounts
import Core
import HTTPService
import Store

/// Blocks and mutes. They work on every user that there is, also on whom the caller can't see.
extension Graph {
    /// Ends follows and requests both ways.
    /// - Returns: the follows that were ended.
    func block(
        _ transaction: Transaction, _ other: ID, by owner: ID, _ context: TraceContext
    ) async throws -> [Follow] {
        try checkNotSelf(owner, other, "block")
        let results = try await transaction.batch([
            PairLock.statement(owner, other), Users.exists(other),
            FollowRequests.removed(asker: owner, target: other), FollowRequests.removed(asker: other, target: owner),
        ])
        guard !results[1].isEmpty else { throw Profiles.noUser(other) }
        try await transaction.query(
            """
            INSERT INTO relations (owner, other, kind, id) VALUES (\(owner), \(other), 'block', \(try ids.next()))
            ON CONFLICT (owner, other, kind) DO NOTHING
            """)
        var ended: [Follow] = []
        for follow in [Follow(follower: owner, followee: other), Follow(follower: other, followee: owner)]
        where try await end(transaction, follow, context) { ended.append(follow) }
        return ended
    }

    /// - Returns: true when there was one.
    func unblock(_ transaction: Transaction, _ other: ID, by owner: ID) async throws -> Bool {
        try checkNotSelf(owner, other, "block")
        let results = try await transaction.batch([
            PairLock.statement(owner, other), Restrictions.removed(owner, other, "block"),
        ])
        return results[1].affected == 1
    }

    /// One that is there already gets the new end, and keeps its place.
    /// - Parameters:
    ///   - end: milliseconds since 1970; `nil`: without end.
    ///   - notifications: are they kept out, too?
    func mute(
        _ transaction: Transaction, _ other: ID, by owner: ID, until end: Int64?, notifications: Bool
    ) async throws {
        try checkNotSelf(owner, other, "mute")
        let results = try await transaction.batch([
            Users.exists(other),
            """
            INSERT INTO relations (owner, other, kind, id, until, notifications)
            SELECT \(owner)::bigint, id, 'mute', \(try ids.next())::bigint,
                to_timestamp(\(end)::bigint / 1000.0), \(notifications)::boolean
            FROM users WHERE id = \(other)
            ON CONFLICT (owner, other, kind) DO UPDATE
            SET until = excluded.until, notifications = excluded.notifications
            """,
        ])
        guard !results[0].isEmpty else { throw Profiles.noUser(other) }
    }

    /// - Returns: true when there was one.
    func unmute(_ transaction: Transaction, _ other: ID, by owner: ID) async throws -> Bool {
        try checkNotSelf(owner, other, "mute")
        return try await transaction.query(Restrictions.removed(owner, other, "mute")).affected == 1
    }
}
