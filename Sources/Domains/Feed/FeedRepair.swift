public import Core
public import Relations
public import Store

/// Brings feeds in line with a follow or an unfollow that was committed.
public struct FeedRepair: Sendable {
    /// How many of an author's posts come into a feed with a follow; older ones are read from the posts.
    static let backfill = 200
    private let database: Database
    private let timelines: Timelines

    public init(database: Database, timelines: Timelines) {
        self.database = database
        self.timelines = timelines
    }

    /// The follower's feed gets the followee's newest posts. What is posted after the follow's commit comes by the
    /// fan-out; so between the two nothing is missing.
    public func followed(follower: ID, followee: ID) async throws {
        do {
            // Deliveries are let in before the posts are read: one that comes between the two is in either.
            try await timelines.join(follower, to: followee)
        } catch {
            // Without Redis feeds are read from what is stored, and that has no gap. The rest is done again later.
            _ = try await store(follower: follower, followee: followee)
            throw error
        }
        let posts = try await store(follower: follower, followee: followee)
        let completeFrom = posts.count < Self.backfill ? .zero : posts[posts.count - 1]
        try await timelines.backfill(
            follower,
            RebuildEntries(
                entries: posts.map { .init(post: $0, author: followee) }, completeFrom: completeFrom))
        try await finish(follower: follower, followee: followee)
    }

    /// The same, where it has not been done: a follow that is repeated costs one look.
    public func followedIfPending(follower: ID, followee: ID) async throws {
        let pending = try await database.query(
            "SELECT 1 FROM follows WHERE followee = $1 AND bucket = $2 AND follower = $3 AND NOT backfilled",
            [.integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw)])
        if !pending.isEmpty { try await followed(follower: follower, followee: followee) }
    }

    /// Takes the followee's posts out of the follower's feed.
    public func unfollowed(follower: ID, followee: ID) async throws {
        try await timelines.sever(follower, from: followee)
        let results = try await database.batch([
            Statement(
                """
                WITH left_posts AS (
                    SELECT post_id FROM feed_items WHERE user_id = $1 AND author_id = $2 ORDER BY post_id FOR UPDATE)
                DELETE FROM feed_items i USING left_posts l WHERE i.user_id = $1 AND i.post_id = l.post_id
                """, [.integer(follower.raw), .integer(followee.raw)]),
            follows(follower, followee),
        ])
        // He may have followed again meanwhile: the later of the two must win.
        if try results[1][0].bool(0) { try await followed(follower: follower, followee: followee) }
    }

    /// In the order of `FanOutStore.store`.
    private func store(follower: ID, followee: ID) async throws -> [ID] {
        try await database.transaction { transaction in
            let rows = try await transaction.query(
                """
                INSERT INTO feed_items (user_id, post_id, author_id)
                SELECT $1, id, $2 FROM (
                    SELECT id FROM posts WHERE author_id = $2 AND deleted_at IS NULL ORDER BY id DESC LIMIT $3) p
                ORDER BY id
                ON CONFLICT (user_id, post_id) DO UPDATE SET author_id = excluded.author_id
                RETURNING post_id
                """, [.integer(follower.raw), .integer(followee.raw), .integer(Int64(Self.backfill))])
            let posts = try rows.map { ID(raw: try $0.integer(0)) }.sorted(by: >)
            if posts.count == Self.backfill {
                try await transaction.query(
                    """
                    INSERT INTO feed_metadata (user_id, complete_from) VALUES ($1, $2)
                    ON CONFLICT (user_id) DO UPDATE
                    SET complete_from = greatest(feed_metadata.complete_from, excluded.complete_from)
                    """, [.integer(follower.raw), .integer(posts[posts.count - 1].raw)])
            }
            return posts
        }
    }

    private func finish(follower: ID, followee: ID) async throws {
        let results = try await database.batch([
            Statement(
                "UPDATE follows SET backfilled = true WHERE followee = $1 AND bucket = $2 AND follower = $3",
                [.integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw)]),
            follows(follower, followee),
        ])
        if !(try results[1][0].bool(0)) { try await timelines.sever(follower, from: followee) }
    }

    private func follows(_ follower: ID, _ followee: ID) -> Statement {
        Statement(
            "SELECT EXISTS (SELECT 1 FROM follows WHERE followee = $1 AND bucket = $2 AND follower = $3)",
            [.integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw)])
    }

    /// Finishes follows whose process died between the commit and the backfill. Their followers' timelines are dropped,
    /// for posts may have passed them by: live clients are reset.
    /// - Parameter now: milliseconds since 1970; follows of the last ten seconds are left to their own process.
    public func finishAbandoned(now: Int64) async throws -> Int {
        let rows = try await database.query(
            "SELECT follower, followee FROM follows WHERE NOT backfilled AND id < $1 ORDER BY id LIMIT 100",
            [.integer(ID(firstOf: now - 10_000).raw)])
        for row in rows {
            let follower = ID(raw: try row.integer(0))
            try await followed(follower: follower, followee: ID(raw: try row.integer(1)))
            try await timelines.evict(follower)
        }
        return rows.count
    }
}

extension FeedRepair: FollowObserver {
    public func followed(_ followee: ID, by follower: ID) async throws {
        try await followedIfPending(follower: follower, followee: followee)
    }

    public func unfollowed(_ followee: ID, by follower: ID) async throws {
        try await unfollowed(follower: follower, followee: followee)
    }
}
