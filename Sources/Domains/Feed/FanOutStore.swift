public import Core
public import Store

/// One post's change on its way to one range of its author's followers.
public struct Chunk: Sendable, Equatable {
    public let post: ID
    public let author: ID
    /// `EventType.postCreated` or `.postDeleted`.
    public let type: String
    public let buckets: Range<Int>

    public init(post: ID, author: ID, type: String, buckets: Range<Int>) {
        self.post = post
        self.author = author
        self.type = type
        self.buckets = buckets
    }
}

/// Where a chunk goes on: behind this follower in this bucket.
public struct ChunkPosition: Sendable, Equatable {
    public let bucket: Int
    public let follower: ID

    public init(bucket: Int, follower: ID) {
        self.bucket = bucket
        self.follower = follower
    }
}

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
            SELECT u.id, COALESCE(c.followers, 0), u.fanout_slices
            FROM users u LEFT JOIN follow_counts c ON c.user_id = u.id WHERE u.id = ANY ($1::bigint[])
            """, [.integers(ids.map(\.raw))])
        return Dictionary(
            try rows.map {
                let slices = Int(try $0.integer(2))
                guard 1...Bucket.count ~= slices else { throw PgError.unreadable("fanout_slices is \(slices)") }
                return (ID(raw: try $0.integer(0)), Author(followers: try $0.integer(1), slices: slices))
            }, uniquingKeysWith: { first, _ in first })
    }

    public func setSlices(author: ID, _ slices: Int) async throws {
        try await database.query(
            "UPDATE users SET fanout_slices = $2 WHERE id = $1", [.integer(author.raw), .integer(Int64(slices))])
    }

    /// Writes down the chunks that are to be done, before they go into the log.
    public func begin(_ chunks: [Chunk]) async throws {
        try await database.query(
            """
            INSERT INTO fanout_progress (post_id, type, bucket_from, author_id, next_bucket)
            SELECT p, t, b, a, b FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::bigint[]) c (p, t, b, a)
            ORDER BY p, t, b ON CONFLICT DO NOTHING
            """,
            [
                .integers(chunks.map(\.post.raw)), .texts(chunks.map(\.type)),
                .integers(chunks.map { Int64($0.buckets.lowerBound) }), .integers(chunks.map(\.author.raw)),
            ])
    }

    /// How many chunks of the author are not finished.
    public func unfinished(author: ID) async throws -> Int {
        Int(
            try await database.query(
                "SELECT count(*) FROM fanout_progress WHERE author_id = $1", [.integer(author.raw)])[0].integer(0))
    }

    /// Where each chunk goes on; one that is missing is finished.
    public func positions(_ chunks: [Chunk]) async throws -> [Chunk: ChunkPosition] {
        let rows = try await database.query(
            """
            SELECT c.i, p.next_bucket, p.next_follower
            FROM unnest($1::bigint[], $2::text[], $3::smallint[]) WITH ORDINALITY c (post, type, bucket, i)
            JOIN fanout_progress p ON p.post_id = c.post AND p.type = c.type AND p.bucket_from = c.bucket
            """,
            [
                .integers(chunks.map(\.post.raw)), .texts(chunks.map(\.type)),
                .integers(chunks.map { Int64($0.buckets.lowerBound) }),
            ])
        return Dictionary(
            try rows.map { row in
                let index = Int(try row.integer(0)) - 1
                guard chunks.indices.contains(index) else { throw PgError.unreadable("no chunk has number \(index)") }
                return (
                    chunks[index],
                    ChunkPosition(bucket: Int(try row.integer(1)), follower: ID(raw: try row.integer(2)))
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Followers of the chunk's author in its buckets, in the order of (bucket, follower), behind a position; and
    /// whether the post has been deleted: then nobody must be told of it any more.
    public func followers(
        of chunk: Chunk, from position: ChunkPosition, limit: Int
    ) async throws -> (followers: [ChunkPosition], isDeleted: Bool) {
        let results = try await database.batch([
            Statement(
                """
                SELECT bucket, follower FROM follows
                WHERE followee = $1 AND (bucket, follower) > ($2, $3) AND bucket < $4
                ORDER BY bucket, follower LIMIT $5
                """,
                [
                    .integer(chunk.author.raw), .integer(Int64(position.bucket)), .integer(position.follower.raw),
                    .integer(Int64(chunk.buckets.upperBound)), .integer(Int64(limit)),
                ]),
            Statement(
                "SELECT EXISTS (SELECT 1 FROM posts WHERE id = $1 AND deleted_at IS NOT NULL)",
                [.integer(chunk.post.raw)]),
        ])
        let followers = try results[0].map {
            ChunkPosition(bucket: Int(try $0.integer(0)), follower: ID(raw: try $0.integer(1)))
        }
        return (followers, try results[1][0].bool(0))
    }

    /// The same for chunks of authors who have few followers: all of each.
    public func followers(of chunks: [Chunk]) async throws -> [(followers: [ID], isDeleted: Bool)] {
        guard !chunks.isEmpty else { return [] }
        var statements = chunks.map { chunk in
            Statement(
                "SELECT follower FROM follows WHERE followee = $1 AND bucket >= $2 AND bucket < $3",
                [
                    .integer(chunk.author.raw), .integer(Int64(chunk.buckets.lowerBound)),
                    .integer(Int64(chunk.buckets.upperBound)),
                ])
        }
        statements.append(
            Statement(
                "SELECT id FROM posts WHERE id = ANY ($1::bigint[]) AND deleted_at IS NOT NULL",
                [.integers(chunks.map(\.post.raw))]))
        let results = try await database.batch(statements)
        let deleted = Set(try results[chunks.count].map { ID(raw: try $0.integer(0)) })
        return try zip(chunks, results).map { chunk, rows in
            (try rows.map { ID(raw: try $0.integer(0)) }, deleted.contains(chunk.post))
        }
    }

    /// One page of a chunk as it goes into `feed_items`, with the position that is stored in the same transaction.
    public struct Page: Sendable {
        public let chunk: Chunk
        public let users: [ID]
        /// `nil`: the chunk is finished.
        public let next: ChunkPosition?
        /// Is its progress written down?
        public let isTracked: Bool

        public init(chunk: Chunk, users: [ID], next: ChunkPosition?, isTracked: Bool) {
            self.chunk = chunk
            self.users = users
            self.next = next
            self.isTracked = isTracked
        }
    }

    /// Rows that one transaction writes, but for a page that has more by itself.
    private static let mostRows = 20_000

    /// Writes pages to `feed_items` and stores how far their chunks are: a page and its position in one transaction. May
    /// run twice.
    ///
    /// Fan-out, follow and unfollow write the same rows at once. So that they can't block each other, **a transaction
    /// takes rows of `feed_items` in one pass in the order of (user_id, post_id)**, and those of `fanout_progress` after
    /// them.
    public func store(_ pages: [Page]) async throws {
        var insertions: [Page] = []
        for page in pages {
            if page.chunk.type == "post.deleted" {
                try await database.batch([removal(page)] + progress([page]))
            } else {
                if !insertions.isEmpty, (insertions + [page]).reduce(0, { $0 + $1.users.count }) > Self.mostRows {
                    try await insert(insertions)
                    insertions = []
                }
                insertions.append(page)
            }
        }
        if !insertions.isEmpty { try await insert(insertions) }
    }

    /// A post that was deleted meanwhile is not written again.
    private func insert(_ pages: [Page]) async throws {
        var ends: [Int64] = []
        for page in pages { ends.append((ends.last ?? 0) + Int64(page.users.count)) }
        let insertion = Statement(
            """
            INSERT INTO feed_items (user_id, post_id, author_id)
            SELECT u, p.post, p.author
            FROM (
                SELECT post, author, start, stop
                FROM unnest($2::bigint[], $3::bigint[], $4::int[], $5::int[]) n (post, author, start, stop)
                WHERE EXISTS (SELECT 1 FROM posts WHERE id = n.post AND deleted_at IS NULL) OFFSET 0) p
            CROSS JOIN LATERAL unnest(($1::bigint[])[p.start:p.stop]) u
            ORDER BY u, p.post
            ON CONFLICT (user_id, post_id) DO NOTHING
            """,
            [
                .integers(pages.flatMap { $0.users.map(\.raw) }), .integers(pages.map(\.chunk.post.raw)),
                .integers(pages.map(\.chunk.author.raw)),
                .integers(zip(pages, ends).map { $1 - Int64($0.users.count) + 1 }), .integers(ends),
            ])
        try await database.batch([insertion] + progress(pages))
    }

    private func removal(_ page: Page) -> Statement {
        Statement(
            """
            WITH doomed AS (
                SELECT user_id FROM feed_items WHERE post_id = $2 AND user_id = ANY ($1::bigint[])
                ORDER BY user_id FOR UPDATE)
            DELETE FROM feed_items i USING doomed d WHERE i.user_id = d.user_id AND i.post_id = $2
            """,
            [.integers(page.users.map(\.raw)), .integer(page.chunk.post.raw)])
    }

    private func progress(_ pages: [Page]) -> [Statement] {
        let tracked = pages.filter(\.isTracked).map { page in
            (key: (page.chunk.post, page.chunk.type, page.chunk.buckets.lowerBound), page: page)
        }
        return tracked.sorted { $0.key < $1.key }.map { progress($0.page) }
    }

    private func progress(_ page: Page) -> Statement {
        let name: [PgValue] = [
            .integer(page.chunk.post.raw), .text(page.chunk.type), .integer(Int64(page.chunk.buckets.lowerBound)),
        ]
        guard let next = page.next else {
            return Statement(
                "DELETE FROM fanout_progress WHERE post_id = $1 AND type = $2 AND bucket_from = $3", name)
        }
        return Statement(
            """
            UPDATE fanout_progress SET next_bucket = $4, next_follower = $5, delivered = delivered + $6
            WHERE post_id = $1 AND type = $2 AND bucket_from = $3
            """,
            name + [
                .integer(Int64(next.bucket)), .integer(next.follower.raw), .integer(Int64(page.users.count)),
            ])
    }
}

extension Chunk: Hashable {}
