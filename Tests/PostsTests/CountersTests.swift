import Core
import Posts
import Store
import TestSite
import Testing

/// What is counted in stripes is exact, whoever counts at once.
@Suite(.site) struct CountersTests {
    private let database = TestSite.current.database
    /// Nobody else's: the suite has one database.
    private let objects: [ID]

    init() {
        let first = Int64.random(in: 1...1 << 50)
        objects = [ID(raw: first), ID(raw: first + 1)]
    }

    private func count(_ kind: Counters.Kind, by delta: Int64, of user: Int64) async throws {
        try await database.query(
            """
            WITH changes AS (SELECT o AS object_id, \(delta)::bigint AS delta FROM unnest(\(objects)::bigint[]) o),
            \(Counters.counted(kind, by: "changes", of: ID(raw: user)))
            SELECT 1
            """)
    }

    private func counts() async throws -> [Counts] {
        try await database.query(
            "SELECT \(Counters.column(of: "o")) FROM unnest(\(objects)::bigint[]) WITH ORDINALITY t (o, n) ORDER BY n"
        ).map { try Counts($0) }
    }

    private func stripes() async throws -> Int {
        try await database.query("SELECT count(*) FROM counters WHERE object_id = \(objects[0])")[0].int("count")
    }

    @Test func whatWasNeverCountedIsNothing() async throws {
        #expect(try await counts() == [Counts(), Counts()])
    }

    /// One after the other there is one row; what is taken back is a change, too.
    @Test func oneRowWhileNobodyWaits() async throws {
        for user in 1...5 { try await count(.likes, by: 1, of: Int64(user)) }
        try await count(.replies, by: 1, of: 9)
        try await count(.likes, by: -1, of: 3)
        #expect(try await counts() == Array(repeating: Counts(likes: 4, replies: 1, version: 7), count: 2))
        #expect(try await stripes() == 1)
    }

    @Test func aCrowdIsCountedExactlyInStripes() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for user in 1...300 { group.addTask { try await count(.likes, by: 1, of: Int64(user)) } }
            for user in 1...100 { group.addTask { try await count(.replies, by: 1, of: Int64(user)) } }
            try await group.waitForAll()
        }
        let expected = Counts(likes: 300, replies: 100, version: 400)
        #expect(try await counts() == [expected, expected])
        #expect(try await stripes() <= 16)
    }

    /// Whoever finds the first row locked goes by.
    @Test func nobodyWaitsForTheFirstRow() async throws {
        try await count(.likes, by: 1, of: 1)
        try await database.transaction { transaction in
            try await transaction.query("SELECT 1 FROM counters WHERE object_id = \(objects[0]) FOR UPDATE")
            try await count(.likes, by: 1, of: 2)
        }
        #expect(try await counts()[0].likes == 2)
        #expect(try await stripes() == 2)
    }
}
