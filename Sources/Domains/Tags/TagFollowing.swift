import Accounts
import Core
import HTTPService
import Outbox
import Posts
import Store
import TextEntities

/// Follows hashtags, and ends that. A change and its event are one transaction; what is returned is to be told to
/// `TagFollowObserver` after its commit.
struct TagFollowing: Sendable {
    let ids: IDGenerator
    let clock: any WallClock

    /// - Returns: `nil` where the caller follows it since before.
    func follow(
        _ transaction: Transaction, _ tag: TextTag, by caller: ID, _ context: TraceContext
    ) async throws -> TagFollowChange? {
        let name = SQL.parameter(tag.name)
        let results = try await transaction.batch([
            lock(caller),
            "SELECT \(TagFollows.exists(name, for: SQL.parameter(caller))) AS followed",
            "SELECT count(*) FROM tag_follows WHERE follower = \(caller)",
        ])
        if try results[1][0].bool("followed") { return nil }
        guard try results[2][0].integer("count") < TagFollows.most else {
            throw Problem(.tooMany, "the caller follows \(TagFollows.most) tags already: stop following one")
        }
        let change = TagFollowChange(tag: tag.name, user: caller, isFollowed: true)
        transaction.later(
            PostTags.named([tag]) + [
                """
                INSERT INTO tag_follows (tag, bucket, follower, id)
                VALUES (\(name), \(Bucket.of(caller)), \(caller), \(try ids.next()))
                """, statement(change, context),
            ])
        return change
    }

    /// - Returns: `nil` where the caller did not follow it.
    func unfollow(
        _ transaction: Transaction, _ tag: String, by caller: ID, _ context: TraceContext
    ) async throws -> TagFollowChange? {
        let results = try await transaction.batch([
            lock(caller), "DELETE FROM tag_follows WHERE follower = \(caller) AND tag = \(tag)",
        ])
        guard results[1].affected == 1 else { return nil }
        let change = TagFollowChange(tag: tag, user: caller, isFollowed: false)
        transaction.later([statement(change, context)])
        return change
    }

    /// Of all writers of the user's events of this topic.
    private func lock(_ caller: ID) -> SQL { "SELECT id FROM users WHERE id = \(caller) FOR NO KEY UPDATE" }

    private func statement(_ change: TagFollowChange, _ context: TraceContext) -> SQL {
        Outbox.statement(
            topic: TagFollowEvent.topic, key: change.user, change.event(id: uuidV7(clock: clock), context))
    }
}
