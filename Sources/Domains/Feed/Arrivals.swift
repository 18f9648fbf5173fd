import Core
import Posts
import Store

/// Whether posts have come into all feeds. Nothing is written down for it: an author's own feed has the post by the same statement
/// as those of his followers (`FanOutStore.store`), and where they are so many that this is done in parts, each of these is a row
/// of `fanout_progress` until its end.
struct Arrivals: Sendable {
    /// Posts that one look passes.
    private static let step: Int64 = 2_000
    let database: Database

    /// Is the post, a row of `posts`, still missing somewhere?
    static func areMissing(_ post: SQL) -> SQL {
        """
        (NOT EXISTS (SELECT FROM feed_items i WHERE i.user_id = \(post).author_id AND i.post_id = \(post).id)
            OR EXISTS (
                SELECT FROM fanout_progress g WHERE g.post_id = \(post).id AND g.type = \(PostEvent.created.rawValue)))
        """
    }

    /// One look: writes down those that are missing (`OpenChanges`). Each post is looked at twice, for ids are made before the
    /// commit, by clocks that differ: one that comes below the first mark is found by the second.
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: whether there may be more.
    func look(now: Int64) async throws -> Bool {
        try await database.transaction { transaction in
            let marks = try await transaction.query(
                "SELECT seconds, position FROM fanout_marks ORDER BY seconds FOR UPDATE SKIP LOCKED"
            ).map { (seconds: try $0.int("seconds"), position: try $0.id("position")) }
            var hasMore = false
            for mark in marks {
                let end = ID(firstOf: now - Int64(mark.seconds) * 1000)
                let rows = try await transaction.query(
                    """
                    WITH passed AS (
                        SELECT p.id, p.author_id, \(PostVisibility.sqlToSomebody("p")) AND \(Self.areMissing("p")) AS missing
                        FROM posts p WHERE p.id > \(mark.position) AND p.id < \(end) ORDER BY p.id LIMIT \(Self.step)),
                    late AS (
                        \(OpenChanges.late("SELECT id, author_id FROM passed WHERE missing", for: mark.seconds)))
                    SELECT max(id) AS last, count(*) AS passed FROM passed
                    """)
                guard let last = try rows[0].optionalID("last") else { continue }
                hasMore = try rows[0].integer("passed") == Self.step || hasMore
                try await transaction.query(
                    "UPDATE fanout_marks SET position = \(last) WHERE seconds = \(mark.seconds)")
            }
            return hasMore
        }
    }
}
