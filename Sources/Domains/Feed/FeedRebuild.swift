public import Core
public import Store

/// Makes the timeline of a user who has none. That reads the posts of all whom the user follows: it has connections of
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

    /// The newest posts of each author, so many that a timeline is filled, and the id from which on they are complete:
    /// below the oldest post that was read of an author who has more, something may be missing.
    private func entries(for user: ID) async throws -> RebuildEntries {
        let cap = timelines.options.cap
        let authors =
            try await database.query(
                "SELECT following + 1 AS authors FROM follow_counts WHERE user_id = \(user)"
            ).first?.int("authors") ?? 1
        let perAuthor = max(20, min(cap, 4 * cap / max(1, authors)))
        let newest = FeedAuthors.newestPosts(for: SQL.parameter(user), limit: "\(perAuthor)")
        let rows = try await database.query("SELECT t.id, a.author FROM \(newest) ORDER BY t.id DESC")
        let all = try rows.map { RebuildEntries.Entry(post: try $0.id("id"), author: try $0.id("author")) }
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
