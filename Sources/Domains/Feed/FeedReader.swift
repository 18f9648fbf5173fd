public import Core
public import Live
public import Posts
import RedisLink
public import Store

/// A page of a feed, newest first.
public struct FeedPage: Sendable {
    /// One more than was asked for where there is more below. All together they may be longer than `PostBytes.mostRead`:
    /// then there may be more as well.
    public let posts: [PostView]
    /// Where to go live from: what the page does not show comes after it.
    public let live: LiveCursor
    /// It was read from the database without Redis, and so must be what comes below it: a timeline may lack what this
    /// page shows posts behind, for the fan-out has not brought it there yet.
    public let isStored: Bool
}

/// What a client that held a position has missed.
public enum Missed: Sendable {
    case events([Publication], LiveCursor)
    /// So much that it is told in parts: what came first, the position of the last of it, and the position now.
    case part([Publication], LiveCursor, now: LiveCursor)
    /// It can't be told any more: read the feed, and go on from this position.
    case reset(LiveCursor)
}

/// Reads feeds: from the timeline in Redis first, further down from `feed_items`, below that from posts and follows.
/// All three have the same order and the same cursor, an id. What a reader may not see is left out here, whatever the
/// timeline holds: deleted posts, and authors that he does not follow (any more).
public struct FeedReader: Sendable {
    let database: Database
    public let timelines: Timelines
    private let rebuild: FeedRebuild

    public init(database: Database, timelines: Timelines, rebuild: FeedRebuild) {
        self.database = database
        self.timelines = timelines
        self.rebuild = rebuild
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
            while posts.count <= limit, floor == nil, !PostBytes.areEnough(posts) {
                let page = try await timeline(of: user, below: scanned, limit: limit + 1 - posts.count)
                live = live ?? page.cursor
                posts += try await visible(page.entries, to: user, atMost: PostBytes.left(after: posts))
                if let last = page.entries.last { scanned = last.post }
                if page.hasEnded { floor = page.completeFrom }
            }
        } catch {
            // Without Redis the feed is read from the database; a live position can't be had, so going live resets.
            guard error is RedisError else { throw error }
            return try await withoutRedis(posts, of: user, below: scanned, limit)
        }
        if let floor, floor > .zero, posts.count <= limit {
            posts += try await stored(
                for: user, below: min(scanned, floor), limit: limit + 1 - posts.count, after: posts)
        }
        return FeedPage(posts: posts, live: live!, isStored: false)
    }

    private func withoutRedis(_ begun: [PostView], of user: ID, below: ID, _ limit: Int) async throws -> FeedPage {
        let more = try await merged(for: user, below: below, limit: limit + 1 - begun.count, after: begun)
        return FeedPage(posts: begun + more, live: LiveCursor(epoch: 0, position: 0), isStored: true)
    }

    /// A page of the timeline, which is rebuilt first where there is none.
    private func timeline(of user: ID, below: ID, limit: Int) async throws -> TimelinePage {
        for _ in 0..<3 {
            let result = try await timelines.page(user, before: below == .max ? nil : below, limit: limit)
            if case .ready(let page) = result { return page }
            try await rebuild.ensure(user)
        }
        // Redis drops timelines as fast as they are made: it is as good as not there.
        throw RedisError.overloaded
    }

    // MARK: Live positions

    /// The user's position now.
    public func currentPosition(of user: ID) async throws -> LiveCursor {
        try await timeline(of: user, below: .max, limit: 1).cursor
    }

    /// What has changed since a position, in the order of the changes.
    /// - Parameter bytes: of the events as JSON; at least one is told.
    public func missed(by user: ID, since cursor: LiveCursor, atMost bytes: Int) async throws -> Missed {
        switch try await timelines.resume(user, from: cursor) {
        case .missing, .building: return .reset(try await currentPosition(of: user))
        case .reset(let now): return .reset(now)
        case .missed(let entries, let now): return try await told(entries, to: user, now, atMost: bytes)
        }
    }

    /// The events of entries, up to what goes into one answer. Texts are never longer than their JSON: what `visible` leaves
    /// out is behind the end of the part.
    private func told(
        _ entries: [TimelineEntry], to user: ID, _ now: LiveCursor, atMost most: Int
    ) async throws -> Missed {
        let posts = try await visible(entries.filter { !$0.isTombstone }, to: user, atMost: most)
        let byID = Dictionary(posts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var events: [Publication] = []
        // What a list has around its items.
        var bytes = 16
        for entry in entries {
            let event: FeedEvent
            if entry.isTombstone {
                event = .deleted(entry.post)
            } else if let post = byID[entry.post] {
                event = entry.flags.contains(.edited) ? .updated(post) : .created(post)
            } else {
                continue
            }
            let json = event.json
            bytes += json.count + 1
            if bytes > most, let last = events.last {
                return .part(events, LiveCursor(epoch: now.epoch, position: last.position), now: now)
            }
            events.append(Publication(event: json, type: event.name.rawValue, position: entry.position))
        }
        return .events(events, now)
    }

    /// The posts of entries that the user may see, in their order.
    /// - Parameter bytes: see `PostBytes`.
    private func visible(_ entries: [TimelineEntry], to user: ID, atMost bytes: Int) async throws -> [PostView] {
        guard !entries.isEmpty else { return [] }
        let (reader, ids) = (SQL.parameter(user), SQL.parameter(entries.map(\.post)))
        let posts: SQL = """
            SELECT \(PostRow.columns), array_position(\(ids)::bigint[], p.id) AS place FROM \(PostRow.table)
            WHERE p.id = ANY (\(ids)::bigint[]) AND \(PostVisibility.sql("p", to: reader))
                AND \(FeedAuthors.include("p.author_id", for: reader))
            """
        return try await database.query(PostRow.first(of: posts, in: "place", atMost: bytes))
            .map { try PostRow.view($0) }
    }
}
