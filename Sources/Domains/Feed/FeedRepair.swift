import Accounts
public import Core
import Posts
public import Relations
public import Store
import Tags

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
            Follows.isPending(follower: follower, followee: followee))
        if try pending[0].bool("is_pending") { try await followed(follower: follower, followee: followee) }
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
        try await finish(Follows.pending(below: ID(firstOf: now - 10_000), limit: 100))
    }

    /// The same of a follower who wants to read: of these the last five seconds are left to their own process.
    public func finishAbandoned(of follower: ID, now: Int64) async throws -> Int {
        try await finish(Follows.pending(below: ID(firstOf: now - 5_000), limit: 10, of: follower))
    }

    private func finish(_ pending: SQL) async throws -> Int {
        let follows = try await database.query(pending)
            .map { (follower: try $0.id("follower"), followee: try $0.id("followee")) }
        var failure: (any Error)?
        for (follower, followee) in follows where !Task.isCancelled {
            do {
                try await run(.abandoned, follower, followee)
                Log.info(
                    .followFinished, ["follower": .text(follower.description), "followee": .text(followee.description)])
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
        case .sever: try await sever(follower: follower, followee: followee)
        case .evict: try await timelines.evict(follower)
        case .store: return .stored(try await store(follower: follower, followee: followee))
        case .settle: return .follows(try await settle(follower: follower, followee: followee))
        case .remove: return .follows(try await remove(follower: follower, followee: followee))
        }
        return .done
    }

    /// In the order of `FanOutStore.store`. Its commit does not wait for the disk, nor does that of `settle`: what a crash takes
    /// back leaves the follow pending.
    private func store(follower: ID, followee: ID) async throws -> [ID] {
        try await database.transaction { transaction in
            let reader = SQL.parameter(follower)
            let results = try await transaction.batch([
                Transaction.unhurried,
                """
                INSERT INTO feed_items (user_id, post_id, author_id)
                SELECT \(reader)::bigint, id, author_id FROM (
                    SELECT p.id, p.author_id FROM posts p
                    WHERE p.author_id = \(followee) AND \(PostVisibility.sql("p", to: reader, evenAway: true))
                        AND \(PostVisibility.sqlToSomebody("p")) AND \(reader)::bigint <> ALL (ARRAY(\(Standing.leaving)))
                    ORDER BY p.id DESC LIMIT \(Repair.backfill)) newest
                ORDER BY id
                ON CONFLICT (user_id, post_id) DO UPDATE SET author_id = excluded.author_id
                RETURNING post_id
                """,
            ])
            let posts = try results[1].map { try $0.id("post_id") }.sorted(by: >)
            try await transaction.commit(Repair.completeFrom(posts).map { [complete(follower, from: $0)] } ?? [])
            return posts
        }
    }

    private func complete(_ follower: ID, from post: ID) -> SQL {
        """
        INSERT INTO feed_metadata (user_id, complete_from) VALUES (\(follower), \(post))
        ON CONFLICT (user_id) DO UPDATE
        SET complete_from = greatest(feed_metadata.complete_from, excluded.complete_from)
        """
    }

    /// - Returns: whether there is still a follow.
    private func settle(follower: ID, followee: ID) async throws -> Bool {
        let results = try await database.batch([
            Transaction.unhurried, Follows.backfilled(follower: follower, followee: followee),
            follows(follower, followee),
        ])
        return try results[2][0].bool("follows")
    }

    /// Who follows a hashtag of some of them keeps these, in their places: of those that were deleted meanwhile he is told the end.
    private func sever(follower: ID, followee: ID) async throws {
        let reader = SQL.parameter(follower)
        let withdrawal = FeedWithdrawal(database: database, timelines: timelines)
        guard try await withdrawal.followsTags(follower) else {
            return try await withdrawal.sever(follower, from: followee)
        }
        try await timelines.refuse(follower, from: followee)
        let others = try await database.query(
            """
            SELECT p.id FROM posts p
            WHERE p.author_id = \(followee) AND \(PostVisibility.sqlToSomebody("p"))
                AND NOT \(TagFollows.include(post: "p.id", for: reader))
            ORDER BY p.id DESC LIMIT \(2 * timelines.options.cap)
            """)
        try await withdrawal.withdraw(try others.map { try $0.id("id") }, from: follower)
    }

    /// What the follower has by a hashtag stays.
    /// - Returns: whether there is a follow again.
    private func remove(follower: ID, followee: ID) async throws -> Bool {
        let reader = SQL.parameter(follower)
        let results = try await database.batch([
            """
            WITH left_posts AS (
                SELECT post_id FROM feed_items i WHERE i.user_id = \(reader) AND i.author_id = \(followee)
                    AND NOT \(TagFollows.include(post: "i.post_id", for: reader))
                ORDER BY post_id FOR UPDATE)
            DELETE FROM feed_items i USING left_posts l WHERE i.user_id = \(reader) AND i.post_id = l.post_id
            """,
            follows(follower, followee),
        ])
        return try results[1][0].bool("follows")
    }

    private func follows(_ follower: ID, _ followee: ID) -> SQL {
        "SELECT \(Follows.exists(follower: "\(follower)", followee: "\(followee)")) AS follows"
    }

    /// Both ways. Where the other has blocked as well, what is lifted opens nothing: that block is in the database, and read with
    /// each post's followers.
    private func setBarred(_ isBarred: Bool, _ owner: ID, _ other: ID) async throws {
        try await timelines.setBarred(isBarred, owner, from: other)
        try await timelines.setBarred(isBarred, other, from: owner)
    }
}

extension FeedRepair: AudienceObserver {
    /// What a block, a mute, a private account or one that is away hides, reads leave out.
    public func changed(_ change: AudienceChange) async throws {
        switch change {
        case .followed(let followee, by: let follower, .new): try await followed(follower: follower, followee: followee)
        case .followed(let followee, by: let follower, _):
            try await followedIfPending(follower: follower, followee: followee)
        case .unfollowed(let followee, by: let follower):
            try await unfollowed(follower: follower, followee: followee)
        case .blocked(let other, by: let owner): try await setBarred(true, owner, other)
        case .unblocked(let other, by: let owner): try await setBarred(false, owner, other)
        case .muted, .unmuted, .privacy, .left, .returned: break
        }
    }
}
