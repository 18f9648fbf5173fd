import Accounts
public import Core
import HTTPService
import Outbox
public import Store

/// Who follows whom. A change, its counters and its event are one transaction.
public struct Graph: Sendable {
    private let ids: IDGenerator
    private let clock: any WallClock

    public init(ids: IDGenerator, clock: any WallClock) {
        self.ids = ids
        self.clock = clock
    }

    /// - Returns: true when this is a new follow: `FeedRepair.followed` must come after the commit.
    public func follow(
        _ transaction: Transaction, follower: ID, followee: ID, _ context: TraceContext
    ) async throws -> Bool {
        try checkNotSelf(follower, followee)
        let results = try await transaction.batch([
            Users.exists(followee),
            """
            INSERT INTO follows (followee, bucket, follower, id)
            SELECT id, \(Bucket.of(follower)), \(follower), \(try ids.next()) FROM users WHERE id = \(followee)
            ON CONFLICT (followee, bucket, follower) DO NOTHING
            """,
        ])
        try check(results[0], followee)
        guard results[1].affected == 1 else { return false }
        try await record(transaction, .followAccepted, follower, followee, delta: 1, context)
        return true
    }

    /// - Returns: true when a follow was removed: `FeedRepair.unfollowed` must come after the commit.
    public func unfollow(
        _ transaction: Transaction, follower: ID, followee: ID, _ context: TraceContext
    ) async throws -> Bool {
        try checkNotSelf(follower, followee)
        let results = try await transaction.batch([
            Users.exists(followee),
            "DELETE FROM follows WHERE \(Follows.isOne(follower: follower, followee: followee))",
        ])
        try check(results[0], followee)
        guard results[1].affected == 1 else { return false }
        try await record(transaction, .followRemoved, follower, followee, delta: -1, context)
        return true
    }

    private func checkNotSelf(_ follower: ID, _ followee: ID) throws {
        guard follower != followee else {
            throw Problem(.invalidField, "nobody can follow himself", field: "id")
        }
    }

    private func check(_ found: PgRows, _ followee: ID) throws {
        guard !found.isEmpty else { throw Problem(.notFound, "there is no user \(followee)") }
    }

    /// Counts both in the order of their ids, so that two who follow each other at once can't block each other. The
    /// counters have rows of their own: of `users` a follow takes KEY SHARE only, by its foreign keys, and neither waits
    /// for the author's posts nor holds them up. The follower's row is locked before the event is written
    /// (`Outbox.statement`).
    private func record(
        _ transaction: Transaction, _ event: RelationEvent, _ follower: ID, _ followee: ID, delta: Int64,
        _ context: TraceContext
    ) async throws {
        let value = FlatJSON.encode([
            "type": event.rawValue, "follower": follower.description, "followee": followee.description,
        ])
        var envelope = Envelope(event.kind, eventID: uuidV7(clock: clock), context, payload: Array(value.utf8))
        envelope[.follower] = follower
        envelope[.followee] = followee
        try await transaction.batch([
            """
            INSERT INTO follow_counts AS c (user_id, followers, following)
            SELECT u, n, m
            FROM (VALUES (\(followee)::bigint, \(delta)::bigint, 0), (\(follower)::bigint, 0, \(delta)::bigint)) v (u, n, m)
            ORDER BY u
            ON CONFLICT (user_id) DO UPDATE
            SET followers = c.followers + excluded.followers, following = c.following + excluded.following
            """,
            Outbox.statement(topic: RelationEvent.topic, key: follower, envelope),
        ])
    }
}
