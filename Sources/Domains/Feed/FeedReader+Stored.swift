import Core
import Posts
import Store

/// What is below the window of a timeline.
extension FeedReader {
    /// From `feed_items` down to where it is complete, below that from posts, follows and hashtags.
    /// - Parameter begun: the page's posts above; they count for its bytes, see `PostBytes`.
    func stored(for user: ID, below: ID, limit: Int, after begun: [PostView]) async throws -> [PostView] {
        guard !PostBytes.areEnough(begun) else { return [] }
        let metadata = try await database.query(
            "SELECT complete_from FROM feed_metadata WHERE user_id = \(user)")
        let completeFrom = try metadata.first?.id("complete_from") ?? .zero
        var posts: [PostView] = []
        if below > completeFrom {
            let reader = SQL.parameter(user)
            let items: SQL = """
                SELECT \(rows.columns(for: reader)) FROM feed_items i JOIN (\(PostRow.table)) ON p.id = i.post_id
                WHERE i.user_id = \(reader) AND i.post_id < \(below) AND i.post_id >= \(completeFrom)
                    AND \(PostVisibility.sql("p", to: reader)) AND \(FeedPosts.include("p", for: reader))
                ORDER BY i.post_id DESC LIMIT \(limit)
                """
            posts = try await database.query(
                PostRow.first(of: items, in: "id DESC", atMost: PostBytes.left(after: begun))
            ).map { try rows.view($0) }
        }
        if completeFrom > .zero, posts.count < limit {
            posts += try await merged(
                for: user, below: min(below, completeFrom), limit: limit - posts.count, after: begun + posts)
        }
        return posts
    }

    /// The newest posts of all that is in the feed (`FeedPosts`), by an index scan for each author and hashtag.
    func merged(for user: ID, below: ID, limit: Int, after begun: [PostView]) async throws -> [PostView] {
        guard !PostBytes.areEnough(begun) else { return [] }
        let (reader, limit) = (SQL.parameter(user), SQL.parameter(limit))
        let newest = FeedPosts.newest(for: reader, isShown: true, below: SQL.parameter(below), limit: limit)
        // The newest of all first, by their ids alone: how many a rule lets through is nothing that PostgreSQL can guess.
        let posts: SQL = """
            SELECT \(rows.columns(for: reader))
            FROM (SELECT DISTINCT id FROM (\(newest)) f ORDER BY id DESC LIMIT \(limit)) n
            JOIN (\(PostRow.table)) ON p.id = n.id
            ORDER BY p.id DESC
            """
        return try await database.query(
            PostRow.first(of: posts, in: "id DESC", atMost: PostBytes.left(after: begun))
        ).map { try rows.view($0) }
    }
}
