import Core
import Posts
import Store
import Tags

/// Takes posts out of a timeline that nothing brings any more. A follow that is committed meanwhile has brought some of them, and
/// they must not go with the others: so it looks again behind it, and what is committed last wins.
struct FeedWithdrawal: Sendable {
    let database: Database
    let timelines: Timelines

    /// - Parameter posts: that were not in the user's feed when they were read.
    func withdraw(_ posts: [ID], from user: ID) async throws {
        guard !posts.isEmpty else { return }
        try await timelines.withdraw(posts, from: user)
        let reader = SQL.parameter(user)
        try await bring(
            "p.id = ANY (\(posts)::bigint[]) AND \(FeedPosts.hold("p", for: reader))", to: user, limit: posts.count)
    }

    /// All of an author, of whom nothing was there by a hashtag when that was read.
    func sever(_ user: ID, from author: ID) async throws {
        try await timelines.sever(user, from: author)
        guard try await followsTags(user) else { return }
        let reader = SQL.parameter(user)
        try await bring(
            "p.author_id = \(author) AND \(TagFollows.include(post: "p.id", for: reader))", to: user,
            limit: timelines.options.cap)
    }

    /// By itself: who follows none waits for nothing that holds up the table of posts.
    func followsTags(_ user: ID) async throws -> Bool {
        try await database.query("SELECT EXISTS (\(TagFollows.tags(of: SQL.parameter(user)))) AS some")[0].bool("some")
    }

    private func bring(_ posts: SQL, to user: ID, limit: Int) async throws {
        let rows = try await database.query(
            """
            SELECT p.id, p.author_id, \(TagFollows.include(post: "p.id", for: SQL.parameter(user))) AS is_by_tag FROM posts p
            WHERE \(posts) AND \(PostVisibility.sqlToSomebody("p")) ORDER BY p.id DESC LIMIT \(limit)
            """)
        guard !rows.isEmpty else { return }
        let entries = try rows.map {
            RebuildEntries.Entry(
                post: try $0.id("id"), author: try $0.id("author_id"), isByTag: try $0.bool("is_by_tag"))
        }
        try await timelines.backfill(user, RebuildEntries(entries: entries, completeFrom: .zero))
    }
}
