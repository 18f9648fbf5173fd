import Core
import DomainKit
import Store
import TextEntities

/// Finds hashtags and mentions in posts that were written by a version that knew none: those whose `tags` are NULL. It goes
/// through all posts once, and then through what is new; how far it is, is in the same transaction.
struct UnreadPosts: Sendable {
    /// Posts of a piece.
    private static let step: Int64 = 200
    /// Milliseconds after which a post's transaction has ended: its id is made before.
    private static let settled: Int64 = 60_000
    let database: Database
    let clock: any WallClock

    private struct Post {
        let id: ID
        let author: ID
        let text: String
        let level: Visibility
        let isListed: Bool
    }

    /// One piece.
    func run() async throws -> Job.Outcome {
        let began = monotonicNanoseconds()
        let end = ID(firstOf: clock.milliseconds() - Self.settled)
        let outcome = try await database.transaction { transaction in
            let position = try await transaction.query("SELECT position FROM text_progress FOR UPDATE")[0].id(
                "position")
            let passed = try await transaction.query(
                "SELECT id FROM posts WHERE id > \(position) AND id < \(end) ORDER BY id LIMIT \(Self.step)"
            ).map { try $0.id("id") }
            guard let last = passed.last else { return Job.Outcome.idle }
            try await read(passed, transaction)
            try await transaction.query("UPDATE text_progress SET position = \(last)")
            return passed.count < Self.step ? .idle : .more
        }
        await Job.rest(since: began)
        return outcome
    }

    private func read(_ ids: [ID], _ transaction: Transaction) async throws {
        let posts = try await transaction.query(
            """
            SELECT p.id, p.author_id, p.text, p.visibility,
                p.visibility = 'public' AND \(PostVisibility.sqlToSomebody("p")) AS is_listed
            FROM posts p WHERE p.id = ANY (\(ids)::bigint[]) AND p.tags IS NULL ORDER BY p.id FOR NO KEY UPDATE
            """
        ).map {
            Post(
                id: try $0.id("id"), author: try $0.id("author_id"), text: try $0.text("text"),
                level: try Visibility($0), isListed: try $0.bool("is_listed"))
        }
        var changes: [PostTags.Change] = []
        for post in posts {
            let text = try await PostText(post.text, by: post.author, for: post.level, asking: transaction.query)
            try await transaction.query(
                "UPDATE posts SET (\(PostText.columns)) = (\(text.values)) WHERE id = \(post.id)")
            if post.isListed { changes.append(PostTags.Change(post: post.id, author: post.author, new: text.tags)) }
        }
        for statement in PostTags.changed(changes) { try await transaction.query(statement) }
    }
}
