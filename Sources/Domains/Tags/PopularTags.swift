import Core
import DomainKit
import Posts
import Store

/// Which tags were used most in the last 24 hours: counted by a job, so to read them costs the same whatever is posted.
struct PopularTags: Sendable {
    /// Tags that are kept.
    static let most = 100
    /// Tags of posts that are counted, the newest: where a day has more, the numbers are those of the newest.
    private static let mostCounted = 50_000
    private static let dayMilliseconds: Int64 = 86_400_000
    let database: Database
    let clock: any WallClock

    /// Tags that many use come before those that few use often.
    func count() async throws {
        let since = ID(firstOf: max(0, clock.milliseconds() - Self.dayMilliseconds))
        _ = try await database.transaction { transaction in
            try await transaction.batch([
                // Two workers count one after the other.
                "LOCK TABLE popular_tags IN SHARE ROW EXCLUSIVE MODE",
                "DELETE FROM popular_tags",
                """
                INSERT INTO popular_tags (place, tag, posts, users)
                SELECT row_number() OVER (ORDER BY users DESC, posts DESC, tag), tag, posts, users FROM (
                    SELECT t.tag, count(*) AS posts, count(DISTINCT t.author_id) AS users
                    FROM (
                        SELECT t.tag, t.post_id, t.author_id FROM \(PostTags.table) WHERE t.post_id > \(since)
                        ORDER BY t.post_id DESC LIMIT \(Self.mostCounted)) t
                    JOIN posts p ON p.id = t.post_id
                    WHERE \(PostVisibility.sql("p", to: "NULL::bigint"))
                    GROUP BY t.tag ORDER BY users DESC, posts DESC, tag LIMIT \(Self.most)) counted
                """,
            ])
        }
    }

    /// Rows `name, display, posts, posts_today, users_today, followed`, the most popular first.
    static func list(_ limit: Int, to reader: SQL) -> SQL {
        """
        SELECT * FROM (
            SELECT t.tag AS name, n.display, \(PostTags.count(of: "t.tag")) AS posts, t.posts AS posts_today,
                t.users AS users_today, t.place, \(TagFollows.exists("t.tag", for: reader)) AS followed
            FROM popular_tags t \(PostTags.displays)
        ) t WHERE posts > 0 ORDER BY place LIMIT \(limit)
        """
    }
}
