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
            locks(owner, other),
        ])
        guard !results[1].isEmpty else { throw Profiles.noUser(other) }
        let added = try await transaction.query(
            """
            INSERT INTO relations (owner, other, kind, id) VALUES (\(owner), \(other), 'block', \(try ids.next()))
            ON CONFLICT (owner, other, kind) DO NOTHING
            """)
        var ended: [Follow] = []
        for follow in [Follow(follower: owner, followee: other), Follow(follower: other, followee: owner)]
        where try await end(transaction, follow, context) { ended.append(follow) }
        if added.affected == 1 {
            try await transaction.query(statement(.blockAdded, (.owner, owner), (.other, other), context))
        }
        transaction.later([Bells.removed(between: owner, other)] + endings.flatMap { $0(owner, other) })
        return ended
    }

    /// - Returns: true when there was one.
    func unblock(
        _ transaction: Transaction, _ other: ID, by owner: ID, _ context: TraceContext
    ) async throws -> Bool {
        try checkNotSelf(owner, other, "block")
        let results = try await transaction.batch([
            PairLock.statement(owner, other), locks(owner, other), Restrictions.removed(owner, other, "block"),
        ])
        guard results[2].affected == 1 else { return false }
        try await transaction.query(statement(.blockRemoved, (.owner, owner), (.other, other), context))
        return true
    }

    /// The rows that order their events (`Outbox.statement`), as a follow locks them.
    private func locks(_ users: ID...) -> SQL {
        "SELECT user_id FROM follow_counts WHERE user_id = ANY (\(users)::bigint[]) ORDER BY user_id FOR UPDATE"
    }

    /// One that is there already gets the new end, and keeps its place.
    /// - Parameters:
    ///   - end: milliseconds since 1970; `nil`: without end.
    ///   - notifications: are they kept out, too?
    func mute(
        _ transaction: Transaction, _ other: ID, by owner: ID, until end: Int64?, notifications: Bool,
        _ context: TraceContext
    ) async throws {
        try checkNotSelf(owner, other, "mute")
        let results = try await transaction.batch([
            Users.exists(other), locks(owner),
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
        try await transaction.query(statement(.muteAdded, (.owner, owner), (.other, other), context))
    }

    /// - Returns: true when there was one.
    func unmute(
        _ transaction: Transaction, _ other: ID, by owner: ID, _ context: TraceContext
    ) async throws -> Bool {
        try checkNotSelf(owner, other, "mute")
        let results = try await transaction.batch([locks(owner), Restrictions.removed(owner, other, "mute")])
        guard results[1].affected == 1 else { return false }
        try await transaction.query(statement(.muteRemoved, (.owner, owner), (.other, other), context))
        return true
    }
}
