import Core
import Store
import Synchronization

/// Takes entries out of stored feeds that nobody reads: those below where a feed is complete, and those whose post is not there
/// any more. One that was written when its author was unfollowed, say, is found by nobody when the author is erased. Authors keep
/// their own, by which a post is known to have arrived (`Arrivals`). Some at a time, round and round.
final class FeedSweep: Sendable {
    /// Entries that one look passes.
    private static let step: Int64 = 5_000
    private let database: Database
    /// Behind which entry it goes on.
    private let place = Mutex<(user: ID, post: ID)>((.zero, .zero))

    init(database: Database) {
        self.database = database
    }

    /// One look.
    func run() async throws {
        let (user, post) = place.withLock { $0 }
        let rows = try await database.query(
            """
            WITH passed AS (
                SELECT user_id, post_id, author_id FROM feed_items WHERE (user_id, post_id) > (\(user)::bigint, \(post)::bigint)
                ORDER BY user_id, post_id LIMIT \(Self.step)),
            strays AS (
                SELECT s.* FROM passed s LEFT JOIN feed_metadata m ON m.user_id = s.user_id
                WHERE s.post_id < m.complete_from AND s.author_id <> s.user_id
                    OR NOT EXISTS (SELECT FROM posts p WHERE p.id = s.post_id)),
            gone AS (
                DELETE FROM feed_items i USING strays s WHERE i.user_id = s.user_id AND i.post_id = s.post_id)
            SELECT user_id, post_id FROM passed ORDER BY user_id DESC, post_id DESC LIMIT 1
            """)
        let next = try rows.first.map { (user: try $0.id("user_id"), post: try $0.id("post_id")) }
        place.withLock { $0 = next ?? (.zero, .zero) }
    }
}
