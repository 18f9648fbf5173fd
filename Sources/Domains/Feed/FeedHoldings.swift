import Core
import DomainKit
import Live
import Posts
import Relations
import Store
import Tags

/// Where feeds hold something of a user: his own feed, and his posts in those of his followers, and of followers of their
/// hashtags. They are found by who follows what, so follows and posts go after these.
struct FeedHoldings: Sendable {
    /// Hours for which `changes` in Redis names somebody (`trim.lua`), with what the job that trims it rests.
    static let changesHours = 24 * 15
    /// Rows of an own feed come before followers; ids of follows are larger.
    private static let followers: Int64 = 1
    /// Of a step: those of some followers, who may have all posts of an author.
    private static let mostItems = 2000

    let timelines: Timelines

    var all: [Holding] {
        [
            .rows("fanout_progress", ["author_id"]) { "author_id = \($0)" },
            Holding(
                "postgres.feed_items", columns: ["user_id", "author_id"], .erased(eraseItems, count: nil),
                repair: eraseItemsOfAll),
            .rows("feed_metadata", ["user_id"]) { "user_id = \($0)" },
            Holding(
                "redis.timelines", .erased(eraseTimelines, count: nil),
                audit: { try await timelines.traces(of: $0, in: Timelines.Family.kept) }, repair: eraseTimelinesOfAll),
            Holding("redis.channels", .erased(eraseChannels, count: nil)),
            Holding(
                "redis.severed",
                .agesOut(
                    hours: 1, why: "whose posts somebody refuses after an unfollow, for an hour",
                    check: named(in: .severed))),
            Holding(
                "redis.changes",
                .agesOut(
                    hours: Self.changesHours, why: "what happened to others' feeds, kept for two weeks",
                    check: named(in: .changes))),
        ]
    }

    private func named(in family: Timelines.Family) -> Holding.Check {
        .count { try await timelines.traces(of: [$0], in: [family]).values.reduce(0, +) }
    }

    @Sendable private func eraseItems(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        guard position != 0 else {
            let own = try await transaction.query(
                """
                WITH own AS (
                    SELECT post_id FROM feed_items WHERE user_id = \(user) ORDER BY post_id LIMIT \(limit) FOR UPDATE)
                DELETE FROM feed_items i USING own WHERE i.user_id = \(user) AND i.post_id = own.post_id
                """
            ).affected
            return Holding.Step(removed: own, next: own == 0 ? Self.followers : 0)
        }
        let (followers, next) = try await followers(of: user, behind: position, limit / 4, transaction)
        // In the order of `FanOutStore.store`. Whose feeds is said twice, or the join would be with all there are.
        let theirs: SQL = "user_id = ANY (\(followers)::bigint[]) AND author_id = \(user)"
        let removed = try await transaction.query(
            """
            WITH theirs AS (
                SELECT user_id, post_id FROM feed_items WHERE \(theirs) ORDER BY user_id, post_id LIMIT \(Self.mostItems)
                FOR UPDATE)
            DELETE FROM feed_items WHERE \(theirs) AND (user_id, post_id) IN (SELECT user_id, post_id FROM theirs)
            """
        ).affected
        return Holding.Step(removed: removed, next: removed < Self.mostItems ? next : position)
    }

    /// In feeds of those who don't follow any more, too: the whole table is read.
    @Sendable private func eraseItemsOfAll(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        let user = SQL.parameter(user)
        let removed = try await transaction.query(
            """
            WITH theirs AS (
                SELECT user_id, post_id FROM feed_items WHERE user_id = \(user) OR author_id = \(user)
                ORDER BY user_id, post_id LIMIT \(limit) FOR UPDATE)
            DELETE FROM feed_items i USING theirs t WHERE i.user_id = t.user_id AND i.post_id = t.post_id
            """
        ).affected
        return Holding.Step(removed: removed, next: removed == 0 ? nil : 0)
    }

    @Sendable private func eraseTimelinesOfAll(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        var removed = try await timelines.purge(user)
        for readers in try await timelines.readers(of: user) {
            removed += try await timelines.forget(user, in: [readers])
        }
        return Holding.Step(removed: removed, next: nil)
    }

    @Sendable private func eraseTimelines(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        guard position != 0 else {
            return Holding.Step(removed: try await timelines.purge(user), next: Self.followers)
        }
        let (followers, next) = try await followers(of: user, behind: position, limit / 4, transaction)
        return Holding.Step(removed: try await timelines.forget(user, in: followers), next: next)
    }

    /// First the user's, and then, at positions below 0, those of his posts' hashtags.
    /// - Returns: `next`: `nil` at the end.
    private func followers(
        of user: ID, behind position: Int64, _ limit: Int, _ transaction: Transaction
    ) async throws -> (followers: [ID], next: Int64?) {
        guard position > 0 else {
            let rows = try await transaction.query(
                TagFollows.followers(ofTagsBy: user, behind: ID(raw: -position), limit: max(1, limit)))
            let followers = try rows.map { try $0.id("follower") }
            return (followers, followers.last.map { -$0.raw })
        }
        let rows = try await transaction.query(Follows.followers(of: user, made: position, limit: max(1, limit)))
        return (try rows.map { try $0.id("follower") }, try rows.last?.id("id").raw ?? -1)
    }

    @Sendable private func eraseChannels(
        _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
    ) async throws -> Holding.Step {
        let channels = Channels(timelines)
        // Others' that mention him have his name in them.
        let rows = try await transaction.query(
            """
            SELECT id, author_id, array_to_string(tags, ' ') AS tags FROM (
                (SELECT p.id, p.author_id, p.tags FROM posts p WHERE p.author_id = \(user) AND p.id > \(position)
                    ORDER BY p.id LIMIT \(limit))
                UNION
                (SELECT p.id, p.author_id, p.tags FROM posts p
                    WHERE \(Posts.mention("\(user)", "p")) AND p.id > \(position) ORDER BY p.id LIMIT \(limit))
            ) posts ORDER BY id LIMIT \(limit)
            """)
        let posts = try rows.map { try $0.id("id") }
        let authors = Set(try rows.map { try $0.id("author_id") } + (position == 0 ? [user] : []))
        let tags = try rows.flatMap { try $0.optionalText("tags").map(PostEntities.tags) ?? [] }
        let names: [ChannelName] =
            Set(tags.compactMap { .tag($0) }) + authors.map { .user($0) } + posts.map { .post($0) }
            + (position == 0 ? [.notifications(of: user)] : [])
        return Holding.Step(removed: try await channels.drop(names), next: posts.last?.raw)
    }
}
