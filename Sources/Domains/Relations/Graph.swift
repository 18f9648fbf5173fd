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
            user(followee),
            Statement(
                """
                INSERT INTO follows (followee, bucket, follower, id) SELECT id, $2, $3, $4 FROM users WHERE id = $1
                ON CONFLICT (followee, bucket, follower) DO NOTHING
                """, pair(follower, followee) + [.integer(try ids.next().raw)]),
        ])
        try check(results[0], followee)
        guard results[1].affected == 1 else { return false }
        try await record(transaction, EventType.followAccepted, follower, followee, delta: 1, context)
        return true
    }

    /// - Returns: true when a follow was removed: `FeedRepair.unfollowed` must come after the commit.
    public func unfollow(
        _ transaction: Transaction, follower: ID, followee: ID, _ context: TraceContext
    ) async throws -> Bool {
        try checkNotSelf(follower, followee)
        let results = try await transaction.batch([
            user(followee),
            Statement(
                "DELETE FROM follows WHERE followee = $1 AND bucket = $2 AND follower = $3", pair(follower, followee)),
        ])
        try check(results[0], followee)
        guard results[1].affected == 1 else { return false }
        try await record(transaction, EventType.followRemoved, follower, followee, delta: -1, context)
        return true
    }

    private func checkNotSelf(_ follower: ID, _ followee: ID) throws {
        guard follower != followee else {
            throw Problem(.invalidField, "nobody can follow himself", field: "id")
        }
    }

    private func user(_ id: ID) -> Statement {
        Statement("SELECT 1 FROM users WHERE id = $1", [.integer(id.raw)])
    }

    private func check(_ found: PgRows, _ followee: ID) throws {
        guard !found.isEmpty else { throw Problem(.notFound, "there is no user \(followee)") }
    }

    private func pair(_ follower: ID, _ followee: ID) -> [PgValue] {
        [.integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw)]
    }

    /// Counts both in the order of their ids, so that two who follow each other at once can't block each other. The
    /// counters have rows of their own: of `users` a follow takes KEY SHARE only, by its foreign keys, and neither waits
    /// for the author's posts nor holds them up. The follower's row is locked before the event is written
    /// (`Outbox.statement`).
    private func record(
        _ transaction: Transaction, _ type: String, _ follower: ID, _ followee: ID, delta: Int64,
        _ context: TraceContext
    ) async throws {
        var headers = EventHeaders(
            type: type, eventID: uuidV7(clock: clock), requestID: context.requestID, traceparent: context.traceparent)
        headers.follower = follower
        headers.followee = followee
        let value = FlatJSON.encode(["type": type, "follower": follower.description, "followee": followee.description])
        try await transaction.batch([
            Statement(
                """
                INSERT INTO follow_counts AS c (user_id, followers, following)
                SELECT u, n, m FROM (VALUES ($1::bigint, $3::bigint, 0), ($2::bigint, 0, $3::bigint)) v (u, n, m)
                ORDER BY u
                ON CONFLICT (user_id) DO UPDATE
                SET followers = c.followers + excluded.followers, following = c.following + excluded.following
                """, [.integer(followee.raw), .integer(follower.raw), .integer(delta)]),
            Outbox.statement(topic: TopicName.graphEvents, key: follower, value: Array(value.utf8), headers: headers),
        ])
    }
}
