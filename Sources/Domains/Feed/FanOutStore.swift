import Accounts
public import Core
import Posts
public import Store
import Tags

/// What the fan-out reads and writes in PostgreSQL.
public struct FanOutStore: Sendable {
    public struct Author: Sendable {
        public let followers: Int64
        public let slices: Int
    }

    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    public func authors(_ ids: Set<ID>) async throws -> [ID: Author] {
        let rows = try await database.query(
            """
            SELECT \(UserRow.columns), u.fanout_slices FROM users u \(UserRow.counters)
            WHERE u.id = ANY (\(Array(ids))::bigint[])
            """)
        return Dictionary(
            try rows.map {
                let slices = try $0.int("fanout_slices")
                guard 1...Bucket.count ~= slices else { throw PgError.unreadable("fanout_slices is \(slices)") }
                return (try $0.id("id"), Author(followers: try $0.integer("followers"), slices: slices))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Those of these hashtags that somebody follows, with how many follow each.
    /// - Parameter most: of each, more are not counted.
    func followers(ofTags tags: [String], upTo most: Int64) async throws -> [ExactText: Int64] {
        let rows = try await database.query(TagFollows.counts(of: tags, upTo: most))
        return Dictionary(
            try rows.map { (ExactText(try $0.text("tag")), try $0.integer("followers")) },
            uniquingKeysWith: { first, _ in first })
    }

    public func setSlices(author: ID, _ slices: Int) async throws {
        try await database.query(
            "UPDATE users SET fanout_slices = \(slices) WHERE id = \(author)")
    }

    /// Writes down the chunks that are to be done, before they go into the log.
    public func begin(_ chunks: [Chunk]) async throws {
        try await database.query(
            """
            INSERT INTO fanout_progress (post_id, type, bucket_from, author_id, next_bucket)
            SELECT p, t, b, a, b
            FROM unnest(\(Self.keys(of: chunks)), \(chunks.map(\.author))::bigint[]) c (p, t, b, a)
            ORDER BY p, t, b ON CONFLICT DO NOTHING
            """)
    }

    /// Three arrays: post, type, first bucket.
    private static func keys(of chunks: [Chunk]) -> SQL {
        """
        \(chunks.map(\.post))::bigint[], \(chunks.map(\.kind.rawValue))::text[],
        \(chunks.map(\.buckets.lowerBound))::smallint[]
        """
    }

    /// Takes what is written down of chunks as finished.
    public func giveUp(_ chunks: [Envelope]) async throws {
        let known = chunks.compactMap { chunk in
            chunk[.post].flatMap { post in
                chunk[.buckets].map { (post: post, kind: chunk.kind.name, bucket: $0.lowerBound) }
            }
        }
        try await database.query(
            """
            DELETE FROM fanout_progress p USING unnest(
                \(known.map(\.post))::bigint[], \(known.map(\.kind))::text[], \(known.map(\.bucket))::smallint[]
            ) c (post, type, bucket)
            WHERE p.post_id = c.post AND p.type = c.type AND p.bucket_from = c.bucket
            """)
    }

    /// How many chunks of the author are not finished.
    public func unfinished(author: ID) async throws -> Int {
        try await database.query("SELECT count(*) FROM fanout_progress WHERE author_id = \(author)")[0].int("count")
    }

    /// Where each chunk goes on; one that is missing is finished.
    public func positions(_ chunks: [Chunk]) async throws -> [Chunk: ChunkPosition] {
        let rows = try await database.query(
            """
            SELECT c.i, p.next_bucket, p.next_follower
            FROM unnest(\(Self.keys(of: chunks))) WITH ORDINALITY c (post, type, bucket, i)
            JOIN fanout_progress p ON p.post_id = c.post AND p.type = c.type AND p.bucket_from = c.bucket
            """)
        return Dictionary(
            try rows.map { row in
                let index = try row.int("i") - 1
                guard chunks.indices.contains(index) else { throw PgError.unreadable("no chunk has number \(index)") }
                return (
                    chunks[index],
                    ChunkPosition(bucket: try row.int("next_bucket"), follower: try row.id("next_follower"))
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Followers of a slice in the order of (bucket, follower), behind a position, and what else decides who is told of the
    /// posts.
    func followers(
        of slice: Chunk.Slice, from position: ChunkPosition, limit: Int, posts: [ID]
    ) async throws -> (followers: [ChunkPosition], readers: PostReaders) {
        let results = try await database.batch(
            [SliceFollowers.statement(slice, behind: position, limit: limit)]
                + PostReaders.statements(posts, of: [slice]))
        let followers = try results[0].map {
            ChunkPosition(bucket: try $0.int("bucket"), follower: try $0.id("follower"))
        }
        var readers = try PostReaders(results[1...])
        if let post = slice.tagged { try readers.add(post, results[0]) }
        return (followers, readers)
    }

    /// The same of slices of authors who have few followers: all of each.
    func followers(
        of slices: [Chunk.Slice], posts: [ID]
    ) async throws -> (followers: [Chunk.Slice: [ID]], readers: PostReaders) {
        guard !slices.isEmpty else { return ([:], PostReaders()) }
        let results = try await database.batch(
            slices.map(SliceFollowers.statement)
                + PostReaders.statements(posts, of: slices))
        var followers: [Chunk.Slice: [ID]] = [:]
        var readers = try PostReaders(results[slices.count...])
        for (slice, rows) in zip(slices, results) {
            followers[slice] = try rows.map { try $0.id("follower") }
            if let post = slice.tagged { try readers.add(post, rows) }
        }
        return (followers, readers)
    }

    /// Who may see these posts; of a post that is not there any more, nothing.
    func visibility(of posts: Set<ID>) async throws -> [ID: PostVisibility] {
        let rows = try await database.query(PostReaders.visibility(of: Array(posts)))
        return Dictionary(
            try rows.map { (try $0.id("id"), try PostVisibility($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Rows that one transaction writes, but for a page that has more by itself.
    private static let mostRows = 20_000

    /// Writes pages to `feed_items` and stores how far their chunks are: a page and its position in one transaction. May
    /// run twice.
    ///
    /// Fan-out, follow and unfollow write the same rows at once. So that they can't block each other, **a transaction
    /// takes rows of `feed_items` in one pass in the order of (user_id, post_id)**, and those of `fanout_progress` after
    /// them. The rows of `OpenChanges` go before both where several chunks may end one, and else last.
    public func store(_ pages: [Page]) async throws {
        var insertions: [Page] = []
        for page in pages {
            switch page.chunk.kind {
            case .deleted: try await database.batch(open([page]) + [removal(page)] + progress([page]) + ended([page]))
            case .updated where page.users.isEmpty && !page.isTracked: try await database.batch(ended([page]))
            case .created, .updated:
                if !insertions.isEmpty, (insertions + [page]).reduce(0, { $0 + $1.users.count }) > Self.mostRows {
                    try await insert(insertions)
                    insertions = []
                }
                insertions.append(page)
            }
        }
        if !insertions.isEmpty { try await insert(insertions) }
    }

    /// A post that was deleted meanwhile is not written again, and nothing for who leaves: who follows was read before.
    private func insert(_ pages: [Page]) async throws {
        // Pages of one slice have the same users, which are sent once.
        var (users, starts, ends): ([ID], [Int], [Int]) = ([], [], [])
        for (index, page) in pages.enumerated() {
            if index > 0, page.users == pages[index - 1].users {
                starts.append(starts[index - 1])
            } else {
                starts.append(users.count + 1)
                users += page.users
            }
            ends.append(starts[index] + page.users.count - 1)
        }
        let insertion: SQL = """
            INSERT INTO feed_items (user_id, post_id, author_id)
            SELECT u, n.post, n.author
            FROM (
                SELECT post, author, start, stop
                FROM unnest(
                    \(pages.map(\.chunk.post))::bigint[], \(pages.map(\.chunk.author))::bigint[], \(starts)::int[],
                    \(ends)::int[]) n (post, author, start, stop)
                WHERE EXISTS (
                    SELECT FROM posts p WHERE p.id = n.post AND \(PostVisibility.sqlToSomebody("p"))) OFFSET 0) n
            CROSS JOIN LATERAL unnest((\(users)::bigint[])[n.start:n.stop]) u
            WHERE u <> ALL (ARRAY(\(Standing.leaving)))
            ORDER BY u, n.post
            ON CONFLICT (user_id, post_id) DO NOTHING
            """
        try await database.batch(open(pages) + [insertion] + progress(pages) + ended(pages))
    }

    /// Of several chunks that end at once the last one sees that it is the last.
    private func open(_ pages: [Page]) -> [SQL] {
        let ending = pages.filter(\.isTracked).compactMap(\.ending)
        return ending.isEmpty ? [] : [OpenChanges.lock(ending)]
    }

    private func ended(_ pages: [Page]) -> [SQL] {
        let ending = pages.compactMap(\.ending)
        let others: SQL = "EXISTS (SELECT FROM fanout_progress p WHERE p.post_id = c.post_id AND p.type = c.kind)"
        return ending.isEmpty ? [] : [OpenChanges.ended(ending, unless: others)]
    }

    private func removal(_ page: Page) -> SQL {
        let post = SQL.parameter(page.chunk.post)
        return """
            WITH doomed AS (
                SELECT user_id FROM feed_items WHERE post_id = \(post) AND user_id = ANY (\(page.users)::bigint[])
                ORDER BY user_id FOR UPDATE)
            DELETE FROM feed_items i USING doomed d WHERE i.user_id = d.user_id AND i.post_id = \(post)
            """
    }

    private func progress(_ pages: [Page]) -> [SQL] {
        let tracked = pages.filter(\.isTracked).map { page in
            (key: (page.chunk.post, page.chunk.kind.rawValue, page.chunk.buckets.lowerBound), page: page)
        }
        return tracked.sorted { $0.key < $1.key }.map { progress($0.page) }
    }

    private func progress(_ page: Page) -> SQL {
        let isChunk: SQL = """
            post_id = \(page.chunk.post) AND type = \(page.chunk.kind.rawValue)
            AND bucket_from = \(page.chunk.buckets.lowerBound)
            """
        guard let next = page.next else { return "DELETE FROM fanout_progress WHERE \(isChunk)" }
        return """
            UPDATE fanout_progress
            SET next_bucket = \(next.bucket), next_follower = \(next.follower),
                delivered = delivered + \(page.users.count)
            WHERE \(isChunk)
            """
    }
}
