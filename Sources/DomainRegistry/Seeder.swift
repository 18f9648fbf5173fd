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
        let (author, all) = (SQL.parameter(author), SQL.parameter(users))
        try await database.batch([
            """
            INSERT INTO users (id, handle, display_name, password_hash)
            SELECT id, \(handlePrefix) || '_' || id, 'Seed ' || right(id::text, 6), \(hash.withLock { $0 })
            FROM unnest(\(all)::bigint[]) id
            """,
            """
            INSERT INTO sessions (id, user_id, tokens_until)
            SELECT s, u, now() + make_interval(secs => \(seconds)::int)
            FROM unnest(\(sessions)::bigint[], \(all)::bigint[]) t (s, u)
            """,
            """
            INSERT INTO follows (followee, bucket, follower, id, backfilled)
            SELECT \(author), b, f, i, true
            FROM unnest(\(users.map(Bucket.of))::smallint[], \(all)::bigint[], \(follows)::bigint[]) t (b, f, i)
            """,
            // The author's older posts are not copied: below this id their feeds are read from the posts.
            """
            INSERT INTO feed_metadata (user_id, complete_from)
            SELECT u, m.id + 1
            FROM unnest(\(all)::bigint[]) u, (SELECT max(id) AS id FROM posts WHERE author_id = \(author)) m
            WHERE m.id IS NOT NULL
            """,
            // The author's id is below theirs, and is locked first.
            """
            INSERT INTO follow_counts AS c (user_id, followers, following)
            SELECT \(author)::bigint, \(count)::bigint, 0 UNION ALL SELECT u, 0, 1 FROM unnest(\(all)::bigint[]) u
            ORDER BY 1
            ON CONFLICT (user_id) DO UPDATE SET followers = c.followers + excluded.followers
            """,
        ])
        return Array(zip(users, sessions))
    }
}
