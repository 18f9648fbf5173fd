import Core
import Posts
import Store

/// What lies below the window of a timeline, and what a timeline is rebuilt from.
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

    /// The newest posts of each author, so many that a timeline is filled, and the id from which on they are complete:
    /// below the oldest post that was read of an author who has more, something may be missing.
    func rebuildEntries(for user: ID) async throws -> RebuildEntries {
        let cap = timelines.options.cap
        let authors =
            try await database.query(
                "SELECT following + 1 FROM follow_counts WHERE user_id = $1", [.integer(user.raw)]
            ).first?.integer(0) ?? 1
        let perAuthor = max(20, min(cap, 4 * cap / Int(max(1, authors))))
        let rows = try await database.query(
            """
            SELECT t.id, a.author
            FROM (SELECT followee AS author FROM follows WHERE follower = $1 UNION ALL SELECT $1) a
            CROSS JOIN LATERAL (
                SELECT id FROM posts WHERE author_id = a.author AND deleted_at IS NULL ORDER BY id DESC LIMIT $2) t
            ORDER BY t.id DESC
            """, [.integer(user.raw), .integer(Int64(perAuthor))])
        let all = try rows.map {
            RebuildEntries.Entry(post: ID(raw: try $0.integer(0)), author: ID(raw: try $0.integer(1)))
        }
        return Self.bounded(all, perAuthor: perAuthor, cap: cap)
    }

    /// - Parameter entries: newest first.
    static func bounded(_ entries: [RebuildEntries.Entry], perAuthor: Int, cap: Int) -> RebuildEntries {
        var counts: [ID: Int] = [:]
        var completeFrom = ID.zero
        for entry in entries {
            let count = counts[entry.author, default: 0] + 1
            counts[entry.author] = count
            if count == perAuthor { completeFrom = max(completeFrom, entry.post) }
        }
        if entries.count > cap { completeFrom = max(completeFrom, entries[cap - 1].post) }
        return RebuildEntries(entries: entries.filter { $0.post >= completeFrom }, completeFrom: completeFrom)
    }
}
