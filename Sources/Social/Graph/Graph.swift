public import Core
public import Store
import Wire

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
        _ transaction: Transaction, follower: ID, followee: ID, _ context: RequestContext
    ) async throws -> Bool {
        try checkNotSelf(follower, followee)
        try await lockBoth(transaction, follower, followee)
        let follow = ids.next()
        let inserted = try await transaction.query(
            """
            INSERT INTO follows (followee, bucket, follower, id) VALUES ($1, $2, $3, $4)
            ON CONFLICT (followee, bucket, follower) DO NOTHING
            """,
            [
                .integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw),
                .integer(follow.raw),
            ])
        guard inserted.affected == 1 else { return false }
        try await record(transaction, EventType.followAccepted, follower, followee, delta: 1, context)
        return true
    }

    /// - Returns: true when a follow was removed: `FeedRepair.unfollowed` must come after the commit.
    public func unfollow(
        _ transaction: Transaction, follower: ID, followee: ID, _ context: RequestContext
    ) async throws -> Bool {
        try checkNotSelf(follower, followee)
        try await lockBoth(transaction, follower, followee)
        let deleted = try await transaction.query(
            "DELETE FROM follows WHERE followee = $1 AND bucket = $2 AND follower = $3",
            [.integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw)])
        guard deleted.affected == 1 else { return false }
        try await record(transaction, EventType.followRemoved, follower, followee, delta: -1, context)
        return true
    }

    private func checkNotSelf(_ follower: ID, _ followee: ID) throws {
        guard follower != followee else {
            throw Problem(.invalidField, "nobody can follow himself", field: "id")
        }
    }

    /// Locks both rows in the order of their ids, so that two who follow each other at once can't block each other.
    private func lockBoth(_ transaction: Transaction, _ follower: ID, _ followee: ID) async throws {
        let rows = try await transaction.query(
            "SELECT id FROM users WHERE id IN ($1, $2) ORDER BY id FOR NO KEY UPDATE",
            [.integer(follower.raw), .integer(followee.raw)])
        guard rows.contains(where: { $0.integer(0) == followee.raw }) else {
            throw Problem(.notFound, "there is no user \(followee)")
        }
    }

    private func record(
        _ transaction: Transaction, _ type: String, _ follower: ID, _ followee: ID, delta: Int64,
        _ context: RequestContext
    ) async throws {
        var headers = EventHeaders(
            type: type, eventID: uuidV7(clock: clock), requestID: context.requestID, traceparent: context.traceparent)
        headers.follower = follower
        headers.followee = followee
        let value = FlatJSON.encode(["type": type, "follower": follower.description, "followee": followee.description])
        try await transaction.batch([
            Statement(
                "UPDATE users SET followers = followers + $2 WHERE id = $1",
                [.integer(followee.raw), .integer(delta)]),
            Statement(
                "UPDATE users SET following = following + $2 WHERE id = $1",
                [.integer(follower.raw), .integer(delta)]),
            Outbox.statement(topic: TopicName.graphEvents, key: follower, value: Array(value.utf8), headers: headers),
        ])
    }
}
