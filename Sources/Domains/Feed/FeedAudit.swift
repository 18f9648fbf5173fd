import Accounts
public import Core
import Posts
import Relations
import Store
import Tags

/// Compares feeds, as the timeline and `feed_items` have them, with the posts, follows, hashtags and visibility that a rebuild
/// goes by.
///
/// What is under way when it looks is no failure: look again some seconds later, and take what both looks have found
/// (`FeedSuspects`). It looks at the newest posts, as many as a timeline has when it is built, and not below them.
public struct FeedAudit: Sendable {
    private let database: Database
    private let timelines: Timelines
    private let rebuild: FeedRebuild

    init(database: Database, timelines: Timelines) {
        self.database = database
        self.timelines = timelines
        rebuild = FeedRebuild(database: database, timelines: timelines)
    }

    /// Looks at one feed.
    /// - Returns: `nil`: it is as it should be, or a follow is being brought into it, or the user is not there any more.
    public func look(at user: ID) async throws -> FeedFinding? {
        let reader = SQL.parameter(user)
        // Before the posts are read: what is deleted meanwhile is found in the second look to be right.
        let timeline = try await timelines.whole(user)
        let rows = try await database.query(
            """
            SELECT \(Follows.arePending(of: reader)) AS is_pending,
                (SELECT complete_from FROM feed_metadata WHERE user_id = \(reader)) AS complete_from
            FROM users WHERE id = \(reader) AND id <> ALL (ARRAY(\(Standing.leaving)))
            """)
        guard let row = rows.first, try !row.bool("is_pending") else { return nil }
        let due = try await rebuild.entries(for: user, isShown: true)
        var finding = FeedFinding(user: user)
        if let timeline { try await compare(timeline, due, of: user, &finding) }
        try await compareStored(from: try row.optionalID("complete_from") ?? .zero, due, of: user, &finding)
        return finding.isFailure || finding.hasStrays ? finding : nil
    }

    private func compare(
        _ timeline: WholeTimeline, _ due: RebuildEntries, of user: ID, _ finding: inout FeedFinding
    ) async throws {
        let there = timeline.entries.filter { !$0.isTombstone }
        let ids = Set(there.map(\.post))
        let floor = max(timeline.completeFrom, due.completeFrom)
        finding.timelineLacks = Set(due.entries.map(\.post).filter { $0 >= floor && !ids.contains($0) })
        (finding.timelineHas, finding.timelineStrays) = try await foreign(ids, to: user)
    }

    /// As many as are asked for in one statement.
    private static let mostStored = 2_000

    private func compareStored(
        from completeFrom: ID, _ due: RebuildEntries, of user: ID, _ finding: inout FeedFinding
    ) async throws {
        let items = try await database.query(
            """
            SELECT post_id FROM feed_items WHERE user_id = \(user) AND post_id >= \(completeFrom)
            ORDER BY post_id DESC LIMIT \(Self.mostStored)
            """
        ).map { try $0.id("post_id") }
        var floor = max(completeFrom, due.completeFrom)
        if items.count == Self.mostStored { floor = max(floor, items[items.count - 1]) }
        let ids = Set(items)
        finding.storedLacks = Set(due.entries.map(\.post).filter { $0 >= floor && !ids.contains($0) })
        let wrong = try await foreign(ids, to: user)
        finding.storedStrays = wrong.unfollowed.union(wrong.others)
    }

    /// Those that nothing brings into the user's feed.
    /// - Returns: posts of authors who are not followed; and others: those that are not there, and those that a hashtag may have
    ///   brought, which was left or was edited out.
    private func foreign(_ posts: Set<ID>, to user: ID) async throws -> (unfollowed: Set<ID>, others: Set<ID>) {
        guard !posts.isEmpty else { return ([], []) }
        let reader = SQL.parameter(user)
        let rows = try await database.query(
            """
            SELECT e.id, p.id IS NOT NULL AND p.edit_id IS NULL AND NOT EXISTS (
                SELECT FROM \(PostTags.table) WHERE t.post_id = e.id) AS is_unfollowed
            FROM unnest(\(Array(posts))::bigint[]) e (id)
            LEFT JOIN posts p ON p.id = e.id AND \(PostVisibility.sqlToSomebody("p"))
            WHERE p.id IS NULL OR NOT \(FeedPosts.hold("p", for: reader))
            """)
        var found: (unfollowed: Set<ID>, others: Set<ID>) = ([], [])
        for row in rows {
            let id = try row.id("id")
            if try row.bool("is_unfollowed") { found.unfollowed.insert(id) } else { found.others.insert(id) }
        }
        return found
    }

    // MARK: Repair

    /// Makes the next read right: a timeline that is wrong is dropped, and live clients are told to read anew; what is stored
    /// begins above what it lacks, and what is below is read from posts. Strays are taken out.
    public func repair(_ finding: FeedFinding) async throws {
        let user = finding.user
        if let newest = finding.storedLacks.max() {
            try await database.query(
                """
                INSERT INTO feed_metadata (user_id, complete_from) SELECT id, \(newest.raw + 1) FROM users WHERE id = \(user)
                ON CONFLICT (user_id) DO UPDATE
                SET complete_from = greatest(feed_metadata.complete_from, excluded.complete_from)
                """)
        }
        if !finding.storedStrays.isEmpty { try await removeStored(finding.storedStrays, of: user) }
        if !(finding.timelineLacks.isEmpty && finding.timelineHas.isEmpty) {
            try await timelines.evict(user)
        } else {
            try await FeedWithdrawal(database: database, timelines: timelines)
                .withdraw(Array(finding.timelineStrays), from: user)
        }
    }

    /// In the order of `FanOutStore.store`. One that has come to be right meanwhile stays.
    private func removeStored(_ posts: Set<ID>, of user: ID) async throws {
        let reader = SQL.parameter(user)
        try await database.query(
            """
            WITH strays AS (
                SELECT post_id FROM feed_items i
                WHERE i.user_id = \(reader) AND i.post_id = ANY (\(Array(posts))::bigint[])
                    AND NOT EXISTS (
                        SELECT FROM posts p WHERE p.id = i.post_id AND \(PostVisibility.sqlToSomebody("p"))
                            AND \(FeedPosts.hold("p", for: reader)))
                ORDER BY post_id FOR UPDATE)
            DELETE FROM feed_items i USING strays s WHERE i.user_id = \(reader) AND i.post_id = s.post_id
            """)
    }
}
