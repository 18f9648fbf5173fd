public import Core
public import Relations
public import Store

/// Brings feeds in line with a follow or an unfollow that was committed (`Repair` has the rule).
public struct FeedRepair: Sendable {
    private let database: Database
    private let timelines: Timelines

    public init(database: Database, timelines: Timelines) {
        self.database = database
        self.timelines = timelines
    }

    /// The follower's feed gets the followee's newest posts. What is posted after the follow's commit comes by the
    /// fan-out; so between the two nothing is missing.
    public func followed(follower: ID, followee: ID) async throws {
        try await run(.followed, follower, followee)
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
        try await run(.unfollowed, follower, followee)
    }

    /// Finishes follows whose process died between the commit and the backfill. Their followers' timelines are dropped,
    /// for posts may have passed them by: live clients are reset. What fails keeps none of the others from its turn.
    /// - Parameter now: milliseconds since 1970; follows of the last ten seconds are left to their own process.
    /// - Throws: what failed first, when all have had their turn.
    public func finishAbandoned(now: Int64) async throws -> Int {
        let follows = try await database.query(
            "SELECT follower, followee FROM follows WHERE NOT backfilled AND id < $1 ORDER BY id LIMIT 100",
            [.integer(ID(firstOf: now - 10_000).raw)]
        ).map { (follower: ID(raw: try $0.integer(0)), followee: ID(raw: try $0.integer(1))) }
        var failure: (any Error)?
        for (follower, followee) in follows where !Task.isCancelled {
            do {
                try await run(.abandoned, follower, followee)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return follows.count
    }

    // MARK: Steps

    private func run(_ cause: Repair.Cause, _ follower: ID, _ followee: ID) async throws {
        var repair = Repair(cause, author: followee)
        var failure: (any Error)?
        while let step = repair.step {
            do {
                repair.advance(try await perform(step, follower, followee))
            } catch {
                failure = failure ?? error
                repair.advance(.failed)
            }
        }
        if let failure { throw failure }
    }

    private func perform(_ step: Repair.Step, _ follower: ID, _ followee: ID) async throws -> Repair.Outcome {
        switch step {
        case .join: try await timelines.join(follower, to: followee)
        case .backfill(let entries): try await timelines.backfill(follower, entries)
        case .sever: try await timelines.sever(follower, from: followee)
        case .evict: try await timelines.evict(follower)
        case .store: return .stored(try await store(follower: follower, followee: followee))
        case .settle: return .follows(try await settle(follower: follower, followee: followee))
        case .remove: return .follows(try await remove(follower: follower, followee: followee))
        }
        return .done
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
                """, [.integer(follower.raw), .integer(followee.raw), .integer(Int64(Repair.backfill))])
            let posts = try rows.map { ID(raw: try $0.integer(0)) }.sorted(by: >)
            if let completeFrom = Repair.completeFrom(posts) {
                try await transaction.query(
                    """
                    INSERT INTO feed_metadata (user_id, complete_from) VALUES ($1, $2)
                    ON CONFLICT (user_id) DO UPDATE
                    SET complete_from = greatest(feed_metadata.complete_from, excluded.complete_from)
                    """, [.integer(follower.raw), .integer(completeFrom.raw)])
            }
            return posts
        }
    }

    /// - Returns: whether there is still a follow.
    private func settle(follower: ID, followee: ID) async throws -> Bool {
        let results = try await database.batch([
            Statement(
                "UPDATE follows SET backfilled = true WHERE followee = $1 AND bucket = $2 AND follower = $3",
                [.integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw)]),
            follows(follower, followee),
        ])
        return try results[1][0].bool(0)
    }

    /// - Returns: whether there is a follow again.
    private func remove(follower: ID, followee: ID) async throws -> Bool {
        let results = try await database.batch([
            Statement(
                """
                WITH left_posts AS (
                    SELECT post_id FROM feed_items WHERE user_id = $1 AND author_id = $2 ORDER BY post_id FOR UPDATE)
                DELETE FROM feed_items i USING left_posts l WHERE i.user_id = $1 AND i.post_id = l.post_id
                """, [.integer(follower.raw), .integer(followee.raw)]),
            follows(follower, followee),
        ])
        return try results[1][0].bool(0)
    }

    private func follows(_ follower: ID, _ followee: ID) -> Statement {
        Statement(
            "SELECT EXISTS (SELECT 1 FROM follows WHERE followee = $1 AND bucket = $2 AND follower = $3)",
            [.integer(followee.raw), .integer(Int64(Bucket.of(follower))), .integer(follower.raw)])
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
