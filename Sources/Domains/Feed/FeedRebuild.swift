public import Core
public import Store
import Tags

/// Makes the timeline of a user who has none. That reads the posts of all that the user follows: it has connections of
/// its own, for a crowd that comes back to an empty Redis must not hold up everybody else.
public struct FeedRebuild: Sendable {
    private let database: Database
    private let timelines: Timelines

    public init(database: Database, timelines: Timelines) {
        self.database = database
        self.timelines = timelines
    }

    /// Sees to it that the user has a timeline.
    public func ensure(_ user: ID) async throws {
        try await timelines.ensure(user) { try await entries(for: user) }
    }

    /// The newest posts of each author and hashtag, so many that a timeline is filled, and the id from which on they are
    /// complete: below the oldest post that was read of one that has more, something may be missing.
    /// - Parameter isShown: as of `FeedPosts.newest`.
    func entries(for user: ID, isShown: Bool = false) async throws -> RebuildEntries {
        let cap = timelines.options.cap
        let reader = SQL.parameter(user)
        let sources = try await database.query(
            """
            SELECT 1 + COALESCE((SELECT following FROM follow_counts WHERE user_id = \(reader)), 0)
                + (SELECT count(*) FROM (\(TagFollows.tags(of: reader))) t) AS count
            """)[0].int("count")
        let most = max(20, min(cap, 4 * cap / max(1, sources)))
        let newest = FeedPosts.newest(for: reader, isShown: isShown, limit: "\(most)")
        let rows = try await database.query("SELECT * FROM (\(newest)) f ORDER BY id DESC")
        let found = try rows.map { row in
            Found(post: try row.id("id"), author: try row.id("author"), tag: try row.optionalText("tag"))
        }
        return Self.bounded(found, most: most, cap: cap)
    }

    /// A post of an author whom the user follows, or with a hashtag that he follows.
    struct Found {
        let post: ID
        let author: ID
        let tag: String?

        enum Source: Hashable {
            case author(ID)
            case tag(ExactText)
        }

        var source: Source { tag.map { .tag(ExactText($0)) } ?? .author(author) }
    }

    /// - Parameters:
    ///   - found: newest first.
    ///   - most: so many were asked for of each author and hashtag.
    static func bounded(_ found: [Found], most: Int, cap: Int) -> RebuildEntries {
        var counts: [Found.Source: Int] = [:]
        var completeFrom = ID.zero
        var entries: [RebuildEntries.Entry] = []
        for one in found {
            let count = counts[one.source, default: 0] + 1
            counts[one.source] = count
            if count == most { completeFrom = max(completeFrom, one.post) }
            if let last = entries.last, last.post == one.post {
                entries[entries.count - 1].isByTag = last.isByTag || one.tag != nil
            } else {
                entries.append(.init(post: one.post, author: one.author, isByTag: one.tag != nil))
            }
        }
        if entries.count > cap { completeFrom = max(completeFrom, entries[cap - 1].post) }
        return RebuildEntries(entries: entries.filter { $0.post >= completeFrom }, completeFrom: completeFrom)
    }
}
