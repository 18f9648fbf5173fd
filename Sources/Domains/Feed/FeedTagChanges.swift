import Core
import DomainKit
import Posts
import Store
public import Tags

/// Brings a feed in line with a hashtag that its owner follows now, or does no more, and tells live clients: at once, and by
/// `AudienceWorker` once more where the process that served it could not. What comes with new posts is the fan-out's.
public struct FeedTagChanges: TagFollowObserver {
    /// A timeline has some more than it keeps.
    private static let most = 1_000
    let timelines: Timelines
    let database: Database
    let changes: FeedChanges

    public func changed(_ change: TagFollowChange) async throws {
        try await bring(change, at: changes.clock.milliseconds(), isLate: false)
    }

    /// What the log brings.
    /// - Parameter time: of the change, milliseconds since 1970.
    func changed(_ change: TagFollowChange, at time: Int64) async throws {
        try await bring(change, at: time, isLate: true)
    }

    private func bring(_ change: TagFollowChange, at time: Int64, isLate: Bool) async throws {
        guard let found = try await database.query(TagFollows.state(of: change.tag, for: change.user)).first else {
            return
        }
        // The later one of two that cross is left to do it: it is what the rows say.
        guard try found.bool("followed") == change.isFollowed else { return }
        try await leaveToPosts(change)
        if change.isFollowed { try await backfill(change) } else { try await withdraw(change) }
        let told = FeedChange(change.isFollowed ? .followTag : .tag, of: try found.id("number"))
        try await changes.note(told, tag: change.tag, in: change.user, at: time, isLate: isLate)
    }

    /// What is stored of the feed lacks the hashtag's posts, or has some too many: it begins behind them, and what is below is read
    /// from the posts.
    private func leaveToPosts(_ change: TagFollowChange) async throws {
        try await database.query(
            """
            INSERT INTO feed_metadata (user_id, complete_from)
            SELECT \(change.user)::bigint, max(id) + 1 FROM (
                SELECT max(post_id) AS id FROM feed_items WHERE user_id = \(change.user)
                UNION ALL (\(TagFollows.newestPost(with: change.tag)))) newest
            HAVING max(id) IS NOT NULL
            ON CONFLICT (user_id) DO UPDATE
            SET complete_from = greatest(feed_metadata.complete_from, excluded.complete_from)
            """)
    }

    /// As many as a follow of an author brings.
    private func backfill(_ change: TagFollowChange) async throws {
        let rows = try await database.query(
            """
            SELECT p.id, p.author_id FROM \(PostTags.table) JOIN posts p ON p.id = t.post_id
            WHERE t.tag = \(change.tag) AND \(PostVisibility.sqlToSomebody("p"))
            ORDER BY t.post_id DESC LIMIT \(Repair.backfill)
            """)
        let posts = try rows.map { try $0.id("id") }
        let entries = try rows.map {
            RebuildEntries.Entry(post: try $0.id("id"), author: try $0.id("author_id"), isByTag: true)
        }
        try await timelines.backfill(
            change.user, RebuildEntries(entries: entries, completeFrom: Repair.completeFrom(posts) ?? .zero))
    }

    /// What is there by nothing else. Posts that were deleted have no hashtags any more, and stay what they are in the timeline.
    private func withdraw(_ change: TagFollowChange) async throws {
        let reader = SQL.parameter(change.user)
        let posts = try await database.query(
            """
            SELECT p.id FROM \(PostTags.table) JOIN posts p ON p.id = t.post_id
            WHERE t.tag = \(change.tag) AND NOT \(FeedPosts.hold("p", for: reader))
            ORDER BY t.post_id DESC LIMIT \(Self.most)
            """
        ).map { try $0.id("id") }
        try await FeedWithdrawal(database: database, timelines: timelines).withdraw(posts, from: change.user)
    }
}
