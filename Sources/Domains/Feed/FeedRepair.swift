public import Core
import Posts
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
            Follows.isPending(follower: follower, followee: followee))
        if try pending[0].bool("is_pending") { try await followed(follower: follower, followee: followee) }
    }

    /// Takes the followee's posts out of the follower's feed.
    public func unfollowed(follower: ID, followee: ID) async throws {
        try await timelines.sever(follower, from: followee)
        let reader = SQL.parameter(follower)
        let results = try await database.batch([
            """
            WITH left_posts AS (
                SELECT post_id FROM feed_items WHERE user_id = \(reader) AND author_id = \(followee)
                ORDER BY post_id FOR UPDATE)
            DELETE FROM feed_items i USING left_posts l WHERE i.user_id = \(reader) AND i.post_id = l.post_id
            """,
            follows(follower, followee),
        ])
        // He may have followed again meanwhile: the later of the two must win.
        if try results[1][0].bool("follows") { try await followed(follower: follower, followee: followee) }
    }

    /// In the order of `FanOutStore.store`.
    private func store(follower: ID, followee: ID) async throws -> [ID] {
        try await database.transaction { transaction in
            let reader = SQL.parameter(follower)
            let rows = try await transaction.query(
                """
                INSERT INTO feed_items (user_id, post_id, author_id)
                SELECT \(reader)::bigint, id, author_id FROM (
                    SELECT p.id, p.author_id FROM posts p
                    WHERE p.author_id = \(followee) AND \(PostVisibility.sql("p", to: reader))
                    ORDER BY p.id DESC LIMIT \(Self.backfill)) newest
                ORDER BY id
                ON CONFLICT (user_id, post_id) DO UPDATE SET author_id = excluded.author_id
                RETURNING post_id
                """)
            let posts = try rows.map { try $0.id("post_id") }.sorted(by: >)
            if posts.count == Self.backfill {
                try await transaction.query(
                    """
                    INSERT INTO feed_metadata (user_id, complete_from)
                    VALUES (\(follower), \(posts[posts.count - 1]))
                    ON CONFLICT (user_id) DO UPDATE
                    SET complete_from = greatest(feed_metadata.complete_from, excluded.complete_from)
                    """)
            }
            return posts
        }
    }

    private func finish(follower: ID, followee: ID) async throws {
        let results = try await database.batch([
            Follows.backfilled(follower: follower, followee: followee), follows(follower, followee),
        ])
        if !(try results[1][0].bool("follows")) { try await timelines.sever(follower, from: followee) }
    }

    private func follows(_ follower: ID, _ followee: ID) -> SQL {
        "SELECT \(Follows.exists(follower: "\(follower)", followee: "\(followee)")) AS follows"
    }

    /// Finishes follows whose process died between the commit and the backfill. Their followers' timelines are dropped,
    /// for posts may have passed them by: live clients are reset.
    /// - Parameter now: milliseconds since 1970; follows of the last ten seconds are left to their own process.
    public func finishAbandoned(now: Int64) async throws -> Int {
        let rows = try await database.query(
            Follows.pending(below: ID(firstOf: now - 10_000), limit: 100))
        for row in rows {
            let follower = try row.id("follower")
            try await followed(follower: follower, followee: try row.id("followee"))
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
