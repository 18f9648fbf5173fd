import Accounts
import Core
import Posts
import Relations
import Store
import TestSite
import Testing

/// The rule in SQL and the rule as a value are one, whatever lies between a reader and an author.
@Suite(.site, .serialized) struct PostVisibilityTests {
    private static let reader = ID(raw: 7000)
    private let database = TestSite.current.database

    /// An author for each combination, by the bits of his number; of each two posts, one deleted, for each level.
    private static let combinations = Array(0..<192)
    private static func author(_ number: Int) -> ID { ID(raw: Int64(8000 + number)) }

    private func fill() async throws {
        try await database.query("TRUNCATE users CASCADE")
        try await database.batch([
            """
            INSERT INTO users (id, handle, display_name, password_hash, private, suspended_until, erase_at)
            SELECT 8000 + n, 'author_' || n, 'A', '', n & 1 > 0, CASE WHEN n & 64 > 0 THEN now() + interval '1 hour'
                WHEN n & 32 > 0 THEN now() END, CASE WHEN n & 128 > 0 THEN now() + interval '7 days' END
            FROM generate_series(0, 191) n
            """,
            "INSERT INTO users (id, handle, display_name, password_hash) VALUES (7000, 'reader', 'R', '')",
            """
            INSERT INTO follows (followee, bucket, follower, id)
            SELECT 8000 + n, 0, 7000, n FROM generate_series(0, 191) n WHERE n & 2 > 0
            """,
            """
            INSERT INTO relations (owner, other, kind, id)
            SELECT 8000 + n, 7000, 'block', n FROM generate_series(0, 191) n WHERE n & 4 > 0
            UNION ALL SELECT 7000, 8000 + n, 'block', 1000 + n FROM generate_series(0, 191) n WHERE n & 8 > 0
            """,
            """
            INSERT INTO relations (owner, other, kind, id, until)
            SELECT 7000, 8000 + n, 'mute', 2000 + n,
                CASE WHEN n & 32 > 0 THEN now() - interval '1 second' ELSE now() + interval '1 hour' END
            FROM generate_series(0, 191) n WHERE n & 16 > 0
            """,
            """
            INSERT INTO posts (id, author_id, text, visibility, deleted_at)
            SELECT 9000 + n * 4 + k, 8000 + n, 'x', CASE WHEN k & 1 > 0 THEN 'followers' ELSE 'public' END,
                CASE WHEN k & 2 > 0 THEN now() END
            FROM generate_series(0, 191) n, generate_series(0, 3) k
            """,
        ])
    }

    @Test func bothSayTheSameOfPosts() async throws {
        try await fill()
        for reader in [nil, Self.reader, Self.author(1), Self.author(46), Self.author(70)] {
            let viewer = SQL.parameter(reader)
            let rows = try await database.query(
                """
                SELECT p.id, \(PostVisibility.columns("p")), \(Audience.columns(of: "u.id", for: viewer)),
                    \(PostVisibility.sql("p", to: viewer)) AS is_seen,
                    \(PostVisibility.sqlToSomebody("p")) AS is_seen_by_somebody,
                    \(PostVisibility.sql("p", to: viewer, evenAway: true)) AS is_kept
                FROM \(PostRow.table) ORDER BY p.id
                """)
            #expect(rows.count == 768)
            for row in rows {
                let (visibility, audience) = (try PostVisibility(row), try Audience(row))
                let place = "\(try row.id("id")) to \(reader?.description ?? "anybody")"
                #expect(try visibility.isVisible(to: audience) == row.bool("is_seen"), "\(place)")
                #expect(try visibility.isVisibleToSomebody == row.bool("is_seen_by_somebody"), "\(place)")
                #expect(!visibility.isVisible(to: audience) || audience.isSelf || visibility.isVisibleToOthers)
                // What is seen is kept, and what is kept and not seen is of who is away.
                let isAway = try row.id("author_id").raw >= 8064
                #expect(visibility.isAuthorAway == isAway)
                #expect(try row.bool("is_seen") == (row.bool("is_kept") && (!isAway || audience.isSelf)), "\(place)")
                // Who sees it is somebody.
                #expect(!visibility.isVisible(to: audience) || visibility.isVisibleToSomebody)
            }
        }
    }

    @Test func bothSayTheSameOfUsers() async throws {
        try await fill()
        for reader in [nil, Self.reader, Self.author(1), Self.author(46), Self.author(70)] {
            let viewer = SQL.parameter(reader)
            let rows = try await database.query(
                """
                SELECT u.id, \(Audience.columns(of: "u.id", for: viewer)),
                    \(Audience.exists("u.id", for: viewer)) AS sql_exists,
                    \(Audience.isListed("u.id", for: viewer)) AS sql_is_listed,
                    \(Audience.isOpen("u.id", to: viewer)) AS sql_is_open,
                    \(Audience.isMuted("u.id", by: viewer)) AS sql_is_muted
                FROM users u ORDER BY u.id
                """)
            for row in rows {
                let audience = try Audience(row)
                #expect(try audience.exists == row.bool("sql_exists"))
                #expect(try audience.isListed == row.bool("sql_is_listed"))
                #expect(try audience.isOpen() == row.bool("sql_is_open"))
                #expect(try audience.isMuted == row.bool("sql_is_muted"))
            }
        }
    }

    /// What the reader sees, said again in other words.
    @Test func whatTheRuleIs() async throws {
        try await fill()
        let rows = try await database.query(
            "SELECT p.id FROM posts p WHERE \(PostVisibility.sql("p", to: "\(Self.reader)"))")
        let seen = Set(try rows.map { try $0.id("id").raw })
        for number in Self.combinations {
            let (isPrivate, follows, isHidden) = (number & 1 > 0, number & 2 > 0, number & 12 > 0 || number >= 64)
            let base = Int64(9000 + number * 4)
            #expect(seen.contains(base) == (!isHidden && (follows || !isPrivate)), "\(number)")
            #expect(seen.contains(base + 1) == (!isHidden && follows), "\(number)")
            #expect(!seen.contains(base + 2) && !seen.contains(base + 3))
        }
        let muted = try await database.query(
            "SELECT u.id FROM users u WHERE \(Audience.isMuted("u.id", by: "\(Self.reader)")) ORDER BY u.id")
        #expect(
            try muted.map { try $0.id("id") }
                == Self.combinations.filter { $0 & 48 == 16 }.map(Self.author))
    }

    /// Up to the one with which the texts reach so many bytes.
    @Test(arguments: [(0, 0), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3), (1000, 3)])
    func theFirstOfMany(_ bytes: Int, _ count: Int) async throws {
        let posts: SQL = """
            SELECT n AS id, 1 AS author_id, 'h' AS handle, 'd' AS display_name, repeat('é', 50) AS text,
                'public' AS visibility, NULL::bigint AS edit_id, '' AS counts, 'all' AS comments
            FROM generate_series(1, 3) n
            """
        let rows = try await database.query(PostRow.first(of: posts, in: "id DESC", atMost: bytes))
        #expect(try rows.map { try PostRow(facts: []).view($0).id.raw } == Array([3, 2, 1].prefix(count)))
    }
}
