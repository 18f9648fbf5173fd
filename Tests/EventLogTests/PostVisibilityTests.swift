import Accounts
import Core
import Posts
import Store
import Testing

/// The rule in SQL and the rule as a value are one.
@Suite(.serialized) struct PostVisibilityTests {
    private static let (author, other) = (ID(raw: 801), ID(raw: 802))
    private static let (kept, deleted) = (ID(raw: 811), ID(raw: 812))
    private let database: Database

    init() async throws {
        database = try await TestPostgres.database.value
        try await database.batch([
            """
            INSERT INTO users (id, handle, display_name, password_hash)
            VALUES (\(Self.author), 'visible', 'Vi', ''), (\(Self.other), 'reader', '', '') ON CONFLICT DO NOTHING
            """,
            """
            INSERT INTO posts (id, author_id, text, deleted_at)
            VALUES (\(Self.kept), \(Self.author), 'kept', NULL), (\(Self.deleted), \(Self.author), 'gone', now())
            ON CONFLICT DO NOTHING
            """,
        ])
    }

    @Test(arguments: [nil, author, other]) func bothSayTheSame(_ reader: ID?) async throws {
        let rows = try await database.query(
            """
            SELECT p.id, \(PostVisibility.columns("p")), \(PostVisibility.sql("p", to: "\(reader)")) AS is_seen,
                \(PostVisibility.sqlToSomebody("p")) AS is_seen_by_somebody
            FROM posts p WHERE p.id = ANY (\([Self.kept, Self.deleted])::bigint[]) ORDER BY p.id
            """)
        #expect(rows.count == 2)
        for row in rows {
            let visibility = try PostVisibility(row)
            #expect(visibility == PostVisibility(author: Self.author, isDeleted: try row.id("id") == Self.deleted))
            #expect(try visibility.isVisible(to: reader) == row.bool("is_seen"))
            #expect(try visibility.isVisibleToSomebody == row.bool("is_seen_by_somebody"))
            // Who sees it is somebody.
            #expect(!visibility.isVisible(to: reader) || visibility.isVisibleToSomebody)
        }
        #expect(try rows.map { try $0.bool("is_seen") } == [true, false])
    }

    @Test func readsAsk() async throws {
        let ids = IDGenerator(node: 1, clock: SystemClock())
        let posts = Posts(database: database, ids: ids, users: Users(database: database), clock: SystemClock())
        for reader in [nil, Self.author, Self.other] {
            #expect(try await posts.view(Self.kept, to: reader)?.text == "kept")
            #expect(try await posts.view(Self.deleted, to: reader) == nil)
            #expect(try await posts.list(of: Self.author, to: reader, below: .max, limit: 9).map(\.id) == [Self.kept])
        }
    }

    /// Up to the one with which the texts reach so many bytes.
    @Test(arguments: [(0, 0), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3), (1000, 3)])
    func theFirstOfMany(_ bytes: Int, _ count: Int) async throws {
        let posts: SQL = """
            SELECT n AS id, 1 AS author_id, 'h' AS handle, 'd' AS display_name, repeat('é', 50) AS text
            FROM generate_series(1, 3) n
            """
        let rows = try await database.query(PostRow.first(of: posts, in: "id DESC", atMost: bytes))
        #expect(try rows.map { try PostRow.view($0).id.raw } == Array([3, 2, 1].prefix(count)))
    }
}
