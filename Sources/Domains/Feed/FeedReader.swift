public import Core
public import Live
public import Posts
import RedisLink
import Relations
public import Store

/// A page of a feed, newest first.
public struct FeedPage: Sendable {
    /// One more than was asked for where there is more below. All together they may be longer than `PostBytes.mostRead`:
    /// then there may be more as well.
    public let posts: [PostView]
    /// Where to go live from: what the page does not show comes after it.
    public let live: LiveCursor
    /// It was read from the database alone, and so must be what comes below it: a timeline may lack what this page shows
    /// posts behind, for the fan-out, or a follow, has not brought it there yet.
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
    let rows: PostRow
    public let timelines: Timelines
    private let rebuild: FeedRebuild
    private let repair: FeedRepair
    private let clock: any WallClock

    public init(
        database: Database, rows: PostRow, timelines: Timelines, rebuild: FeedRebuild, repair: FeedRepair,
        clock: any WallClock
    ) {
        self.database = database
        self.rows = rows
        self.timelines = timelines
        self.rebuild = rebuild
        self.repair = repair
        self.clock = clock
    }

    // MARK: Pages

    /// - Parameters:
    ///   - below: only posts with smaller ids.
    ///   - limit: 1 to 100.
    ///   - isStored: from the database, as the page before.
    public func page(of user: ID, below: ID, limit: Int, isStored: Bool = false) async throws -> FeedPage {
        do {
            if !isStored {
                if let page = try await settled(of: user, below: below, limit: limit) { return page }
                // Whoever goes live from a page without a position is told to read anew, again and again.
                if try await repair.finishAbandoned(of: user, now: clock.milliseconds()) > 0,
                    let page = try await settled(of: user, below: below, limit: limit)
                {
                    return page
                }
            }
        } catch is RedisError {
            // The database has all of it.
        }
        let posts = try await merged(for: user, below: below, limit: limit + 1, after: [])
        // A live position can't be had, so going live resets.
        return FeedPage(posts: posts, live: LiveCursor(epoch: 0, position: 0), isStored: true)
    }

    /// - Returns: `nil` where a follow is pending (`Follows`): its process is at it, has gone, or had no Redis. The timeline
    ///   may have new posts of that author, and lacks older ones, until the repair or the upkeep has brought them.
    private func settled(of user: ID, below: ID, limit: Int) async throws -> FeedPage? {
        var posts: [PostView] = []
        var scanned = below
        var live: LiveCursor?
        var floor: ID?
        var isKnown = false
        while posts.count <= limit, floor == nil, !PostBytes.areEnough(posts) {
            let page = try await timeline(of: user, below: scanned, limit: limit + 1 - posts.count)
            live = live ?? page.cursor
            let found = try await visible(
                page.entries, to: user, atMost: PostBytes.left(after: posts), rows.columns(for: SQL.parameter(user)))
            if let first = found.first {
                if try first.bool("is_pending") { return nil }
                isKnown = true
            }
            posts += try found.map { try rows.view($0) }
            if let last = page.entries.last { scanned = last.post }
            if page.hasEnded { floor = page.completeFrom }
        }
        if !isKnown {
            let row = try await database.query("SELECT \(Follows.arePending(of: "\(user)")) AS is_pending")[0]
            if try row.bool("is_pending") { return nil }
        }
        if let floor, floor > .zero, posts.count <= limit {
            posts += try await stored(
                for: user, below: min(scanned, floor), limit: limit + 1 - posts.count, after: posts)
        }
        return FeedPage(posts: posts, live: live!, isStored: false)
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
        case .missed(let entries, let changes, let now):
            return try await told(entries, changes, to: user, now, atMost: bytes)
        }
    }

    /// The events of entries, up to what goes into one answer. Texts are never longer than their JSON: what `visible` leaves
    /// out is behind the end of the part.
    private func told(
        _ entries: [TimelineEntry], _ changes: [NotedChange], to user: ID, _ now: LiveCursor, atMost most: Int
    ) async throws -> Missed {
        let posts = try await visible(entries.filter { !$0.isTombstone }, to: user, atMost: most, rows.columnsForAll)
            .map { try rows.view($0) }
        let byID = Dictionary(posts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let tags = try await tags(of: changes)
        let all =
            entries.compactMap { entry in
                Self.event(entry, byID[entry.post]).map {
                    Publication(event: $0.json, type: $0.name.rawValue, position: entry.position)
                }
            }
            + changes.map {
                Publication(
                    event: $0.change.json(tag: tags[$0.change.subject] ?? ""),
                    type: FeedChange.Kind.changed.rawValue, position: $0.position)
            }
        var events: [Publication] = []
        // What a list has around its items.
        var bytes = 16
        for event in all.sorted(by: { $0.position < $1.position }) {
            bytes += event.event.count + 1
            if bytes > most, let last = events.last {
                return .part(events, LiveCursor(epoch: now.epoch, position: last.position), now: now)
            }
            events.append(event)
        }
        return .events(events, now)
    }

    /// The names of hashtags that changes are about.
    private func tags(of changes: [NotedChange]) async throws -> [ID: String] {
        let numbers = changes.filter(\.change.reason.isOfTag).map(\.change.subject)
        guard !numbers.isEmpty else { return [:] }
        let rows = try await database.query(PostTags.names(of: numbers))
        return Dictionary(
            try rows.map { (try $0.id("number"), try $0.text("name")) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter post: `nil` where the reader may not see it.
    private static func event(_ entry: TimelineEntry, _ post: PostView?) -> FeedEvent? {
        if entry.isTombstone { return .deleted(entry.post) }
        return post.map { entry.flags.contains(.edited) ? .updated($0) : .created($0) }
    }

    /// Which of these posts the user may see.
    public func visible(_ posts: Set<ID>, to user: ID) async throws -> Set<ID> {
        let found = try await database.query(
            """
            SELECT p.id FROM posts p
            WHERE p.id = ANY (\(Array(posts))::bigint[]) AND \(PostVisibility.sql("p", to: "\(user)"))
            """)
        return Set(try found.map { try $0.id("id") })
    }

    /// The posts of entries that the user may see, in their order (`PostRow`), each with `is_pending`: is there a follow
    /// whose older posts are not in the feed?
    /// - Parameters:
    ///   - bytes: see `PostBytes`.
    ///   - columns: of the posts (`PostRow`).
    private func visible(
        _ entries: [TimelineEntry], to user: ID, atMost bytes: Int, _ columns: SQL
    ) async throws -> [PgRow] {
        guard !entries.isEmpty else { return [] }
        let (reader, ids) = (SQL.parameter(user), SQL.parameter(entries.map(\.post)))
        let posts: SQL = """
            SELECT \(columns), array_position(\(ids)::bigint[], p.id) AS place FROM \(PostRow.table)
            WHERE p.id = ANY (\(ids)::bigint[]) AND \(PostVisibility.sql("p", to: reader))
                AND \(FeedPosts.include("p", for: reader))
            """
        let isPending: SQL = "\(Follows.arePending(of: reader)) AS is_pending"
        return Array(
            try await database.query(PostRow.first(of: posts, in: "place", atMost: bytes, with: isPending)))
    }
}
