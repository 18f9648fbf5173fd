import Core
import DomainKit
import Store
public import Tags

/// Brings a feed in line with a hashtag that its owner follows now, or does no more: at once, and by `AudienceWorker` once more
/// where the process that served it could not. The timeline is dropped, for only the database knows which posts are there by
/// nothing else; whoever is connected reads anew.
public struct FeedTagChanges: TagFollowObserver {
    let timelines: Timelines
    let database: Database
    let clock: any WallClock

    public func changed(_ change: TagFollowChange) async throws {
        try await leaveToPosts(change)
        // To read anew is all that a new hashtag asks for.
        let told = change.isFollowed ? nil : drop(change.tag)
        try await timelines.evict(change.user, telling: told, for: change.event)
    }

    private func drop(_ tag: String) -> Envelope {
        Envelope(
            FeedChange.Kind.changed.kind, eventID: uuidV7(clock: clock), TraceContext(requestID: ""),
            payload: FeedChange.json(dropping: tag))
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
}
