import Core
import Posts
import Store

/// What lies below the window of a timeline.
extension FeedReader {
    /// From `feed_items` down to where it is complete, below that from posts and follows.
    /// - Parameter begun: the page's posts above; they count for its bytes, see `PostBytes`.
    func stored(for user: ID, below: ID, limit: Int, after begun: [PostView]) async throws -> [PostView] {
        guard !PostBytes.areEnough(begun) else { return [] }
        let rows = try await database.query(
            "SELECT complete_from FROM feed_metadata WHERE user_id = $1", [.integer(user.raw)])
        let completeFrom = ID(raw: try rows.first?.integer(0) ?? 0)
        var posts: [PostView] = []
        if below > completeFrom {
            posts = try await database.query(
                """
                SELECT id, author_id, handle, display_name, text
                FROM (
                    SELECT *, sum(octet_length(text)) OVER (ORDER BY id DESC) - octet_length(text) AS before
                    FROM (
                        SELECT p.id, p.author_id, u.handle, u.display_name, p.text
                        FROM feed_items i JOIN posts p ON p.id = i.post_id JOIN users u ON u.id = p.author_id
                        WHERE i.user_id = $1 AND i.post_id < $2 AND i.post_id >= $3 AND p.deleted_at IS NULL
                            AND (p.author_id = $1 OR EXISTS (
                                SELECT 1 FROM follows f WHERE f.follower = $1 AND f.followee = p.author_id))
                        ORDER BY i.post_id DESC LIMIT $4) l
                ) s
                WHERE before < $5 ORDER BY id DESC
                """,
                [
                    .integer(user.raw), .integer(below.raw), .integer(completeFrom.raw), .integer(Int64(limit)),
                    .integer(Int64(PostBytes.left(after: begun))),
                ]
            ).map { try PostRow.view($0) }
        }
        if completeFrom > .zero, posts.count < limit {
            posts += try await merged(
                for: user, below: min(below, completeFrom), limit: limit - posts.count, after: begun + posts)
        }
        return posts
    }

    /// The newest posts of all whom the user follows and of the user, by an index scan for each of them.
    func merged(for user: ID, below: ID, limit: Int, after begun: [PostView]) async throws -> [PostView] {
        guard !PostBytes.areEnough(begun) else { return [] }
        return try await database.query(
            """
            SELECT id, author_id, handle, display_name, text
            FROM (
                SELECT *, sum(octet_length(text)) OVER (ORDER BY id DESC) - octet_length(text) AS before
                FROM (
                    SELECT p.id, p.author_id, u.handle, u.display_name, p.text
                    FROM (SELECT followee AS author FROM follows WHERE follower = $1 UNION ALL SELECT $1) a
                    CROSS JOIN LATERAL (
                        SELECT id FROM posts WHERE author_id = a.author AND deleted_at IS NULL AND id < $2
                        ORDER BY id DESC LIMIT $3) t
                    JOIN posts p ON p.id = t.id JOIN users u ON u.id = p.author_id
                    ORDER BY p.id DESC LIMIT $3) l
            ) s
            WHERE before < $4 ORDER BY id DESC
            """,
            [
                .integer(user.raw), .integer(below.raw), .integer(Int64(limit)),
                .integer(Int64(PostBytes.left(after: begun))),
            ]
        ).map { try PostRow.view($0) }
    }
}
