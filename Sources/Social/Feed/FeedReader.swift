public import Core
import RedisLink
public import Store
public import Wire

/// A page of a feed, newest first.
public struct FeedPage: Sendable {
    public let posts: [PostView]
    /// There is more below this id; `nil`: the feed ends here.
    public let next: ID?
    /// Where to go live from: what the page does not show comes after it.
    public let live: LiveCursor
    /// It was read from the database without Redis, and so must be what comes below it: a timeline may lack what this
    /// page shows posts behind, for the fan-out has not brought it there yet.
    public let isStored: Bool
}

/// What a client that held a position has missed.
public enum Missed: Sendable {
    case events([Publication], LiveCursor)
    /// It can't be told any more: read the feed, and go on from this position.
    case reset(LiveCursor)
}

/// Reads feeds: from the timeline in Redis first, further down from `feed_items`, below that from posts and follows.
/// All three have the same order and the same cursor, an id. What a reader may not see is left out here, whatever the
/// timeline holds: deleted posts, and authors that he does not follow (any more).
public struct FeedReader: Sendable {
    let database: Database
    public let timelines: Timelines

    public init(database: Database, timelines: Timelines) {
        self.database = database
        self.timelines = timelines
    }

    // MARK: Pages

    /// - Parameters:
    ///   - below: only posts with smaller ids.
    ///   - limit: 1 to 100.
    ///   - isStored: from the database, as the page before.
    public func page(of user: ID, below: ID, limit: Int, isStored: Bool = false) async throws -> FeedPage {
        if isStored { return try await withoutRedis([], of: user, below: below, limit) }
        var posts: [PostView] = []
        var scanned = below
        var live: LiveCursor?
        var floor: ID?
        do {
            while posts.count <= limit, floor == nil {
                let page = try await timeline(of: user, below: scanned, limit: limit + 1 - posts.count)
                live = live ?? page.cursor
                posts += try await visible(page.entries, to: user)
                if let last = page.entries.last { scanned = last.post }
                if page.hasEnded { floor = page.completeFrom }
            }
        } catch {
            // Without Redis the feed is read from the database; a live position can't be had, so going live resets.
            guard error is RedisError else { throw error }
            return try await withoutRedis(posts, of: user, below: scanned, limit)
        }
        if let floor, floor > .zero, posts.count <= limit {
            posts += try await stored(for: user, below: min(scanned, floor), limit: limit + 1 - posts.count)
        }
        return finish(posts, limit, live!)
    }

    private func withoutRedis(_ begun: [PostView], of user: ID, below: ID, _ limit: Int) async throws -> FeedPage {
        let posts = begun + (try await merged(for: user, below: below, limit: limit + 1 - begun.count))
        return finish(posts, limit, LiveCursor(epoch: 0, position: 0), isStored: true)
    }

    private func finish(
        _ posts: [PostView], _ limit: Int, _ live: LiveCursor, isStored: Bool = false
    ) -> FeedPage {
        let shown = Array(posts.prefix(limit))
        return FeedPage(
            posts: shown, next: posts.count > limit ? shown.last?.id : nil, live: live, isStored: isStored)
    }

    /// A page of the timeline, which is rebuilt first where there is none.
    private func timeline(of user: ID, below: ID, limit: Int) async throws -> TimelinePage {
        for _ in 0..<3 {
            let result = try await timelines.page(user, before: below == .max ? nil : below, limit: limit)
            if case .ready(let page) = result { return page }
            try await ensure(user)
        }
        // Redis drops timelines as fast as they are made: it is as good as not there.
        throw RedisError.overloaded
    }

    /// Sees to it that the user has a timeline.
    public func ensure(_ user: ID) async throws {
        try await timelines.ensure(user) { try await rebuildEntries(for: user) }
    }

    // MARK: Live positions

    /// The user's position now.
    public func currentPosition(of user: ID) async throws -> LiveCursor {
        try await timeline(of: user, below: .max, limit: 1).cursor
    }

    /// What has changed since a position, in the order of the changes.
    public func missed(by user: ID, since cursor: LiveCursor) async throws -> Missed {
        switch try await timelines.resume(user, from: cursor) {
        case .missing, .building: return .reset(try await currentPosition(of: user))
        case .reset(let now): return .reset(now)
        case .missed(let entries, let now):
            return .events(try await publications(entries, for: user), now)
        }
    }

    private func publications(_ entries: [TimelineEntry], for user: ID) async throws -> [Publication] {
        let posts = try await visible(entries.filter { !$0.isTombstone }, to: user)
        let byID = Dictionary(posts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return entries.compactMap { entry in
            let event: FeedEvent
            if entry.isTombstone {
                event = .deleted(entry.post)
            } else if let post = byID[entry.post] {
                event = .created(post)
            } else {
                return nil
            }
            return Publication(event: event.json, type: event.type, position: entry.position)
        }
    }

    /// The posts of entries that the user may see, in their order.
    private func visible(_ entries: [TimelineEntry], to user: ID) async throws -> [PostView] {
        guard !entries.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT p.id, p.author_id, u.handle, u.display_name, p.text
            FROM posts p JOIN users u ON u.id = p.author_id
            WHERE p.id = ANY ($1::bigint[]) AND p.deleted_at IS NULL AND (p.author_id = $2 OR EXISTS (
                SELECT 1 FROM follows f WHERE f.follower = $2 AND f.followee = p.author_id))
            """, [.integers(entries.map(\.post.raw)), .integer(user.raw)])
        let posts = Dictionary(
            try rows.map { try PostRow.view($0) }.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return entries.compactMap { posts[$0.post] }
    }
}
