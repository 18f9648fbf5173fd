public import Core
public import Store
import Synchronization

/// Makes users in bulk, past the API: for benchmarks and demos.
public final class Seeder: Sendable {
    private let database: Database
    private let ids: IDGenerator
    private let hash = Mutex<String>("")

    public init(database: Database, ids: IDGenerator) {
        self.database = database
        self.ids = ids
    }

    /// - Parameters:
    ///   - passwordHash: for all of them; `nil`: the last one given.
    ///   - seconds: how long their sessions live.
    /// - Returns: the users with a session each.
    public func makeFollowers(
        of author: ID, count: Int, handlePrefix: String, passwordHash: String?, seconds: Int64
    ) async throws -> [(user: ID, session: ID)] {
        if let passwordHash { hash.withLock { $0 = passwordHash } }
        let users = try (0..<count).map { _ in try ids.next() }
        let sessions = try (0..<count).map { _ in try ids.next() }
        let follows = try (0..<count).map { _ in try ids.next() }
        try await database.batch([
            Statement(
                """
                INSERT INTO users (id, handle, display_name, password_hash)
                SELECT id, $2 || '_' || id, 'Seed ' || right(id::text, 6), $3 FROM unnest($1::bigint[]) id
                """, [.integers(users.map(\.raw)), .text(handlePrefix), .text(hash.withLock { $0 })]),
            Statement(
                """
                INSERT INTO sessions (id, user_id, tokens_until)
                SELECT s, u, now() + make_interval(secs => $3::int) FROM unnest($1::bigint[], $2::bigint[]) t (s, u)
                """, [.integers(sessions.map(\.raw)), .integers(users.map(\.raw)), .integer(seconds)]),
            Statement(
                """
                INSERT INTO follows (followee, bucket, follower, id, backfilled)
                SELECT $1, b, f, i, true FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) t (b, f, i)
                """,
                [
                    .integer(author.raw), .integers(users.map { Int64(Bucket.of($0)) }), .integers(users.map(\.raw)),
                    .integers(follows.map(\.raw)),
                ]),
            // The author's older posts are not copied: below this id their feeds are read from the posts.
            Statement(
                """
                INSERT INTO feed_metadata (user_id, complete_from)
                SELECT u, m.id + 1 FROM unnest($1::bigint[]) u, (SELECT max(id) AS id FROM posts WHERE author_id = $2) m
                WHERE m.id IS NOT NULL
                """, [.integers(users.map(\.raw)), .integer(author.raw)]),
            // The author's id is below theirs, and is locked first.
            Statement(
                """
                INSERT INTO follow_counts AS c (user_id, followers, following)
                SELECT $1::bigint, $3::bigint, 0 UNION ALL SELECT u, 0, 1 FROM unnest($2::bigint[]) u ORDER BY 1
                ON CONFLICT (user_id) DO UPDATE SET followers = c.followers + excluded.followers
                """, [.integer(author.raw), .integers(users.map(\.raw)), .integer(Int64(count))]),
        ])
        return Array(zip(users, sessions))
    }
}
