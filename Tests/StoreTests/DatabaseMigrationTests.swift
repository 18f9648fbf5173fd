import Core
import Runtime
import Testing

@testable import Store

/// Steps of the schema, on a real PostgreSQL.
@Suite(.serialized) struct DatabaseMigrationTests {
    private let loop = EventLoop(name: "test")

    private func database() -> Database {
        Database(loop: loop, options: DatabaseOptions(connectionInfo: TestPostgres.url, connections: 4))
    }

    @Test func migrationsRunOnceAndInOrder() async throws {
        let database = database()
        let steps = [
            Migration(1, "a", ["CREATE TABLE step (n int)"]), Migration(2, "b", ["INSERT INTO step VALUES (2)"]),
        ]
        async let first = database.migrate(steps)
        async let second = database.migrate(steps)
        let ran = try await [first, second]
        // Each step by one of the two, in order.
        #expect(ran.flatMap(\.self).sorted() == [1, 2] && ran.allSatisfy { $0 == $0.sorted() })
        #expect(try await database.query("SELECT n FROM step").map { try $0.integer("n") } == [2])
        // Of a version before: what it does not know is no obstacle.
        #expect(try await database.migrate([steps[0]]).isEmpty)
        await #expect(throws: PgError.self) {
            try await database.migrate(steps + [Migration(3, "c", ["SELECT nothing"])])
        }
        #expect(try await database.migrate(steps).isEmpty)
    }

    /// Longer than it waits at a time; whoever comes behind it is not held up meanwhile.
    @Test func aMigrationWaitsForItsTable() async throws {
        let database = database()
        try await database.query("CREATE TABLE busy (n int)")
        try await database.query("INSERT INTO busy VALUES (1)")
        let holder = Task {
            try await database.transaction { transaction in
                try await transaction.query("LOCK TABLE busy IN ROW EXCLUSIVE MODE")
                try await Task.sleep(nanoseconds: 7_000_000_000)
            }
        }
        let reader = Task {
            var longest: UInt64 = 0
            while !holder.isCancelled, !Task.isCancelled {
                let start = monotonicNanoseconds()
                _ = try? await database.query("SELECT n FROM busy")
                longest = max(longest, monotonicNanoseconds() - start)
                try? await Task.sleep(nanoseconds: 50_000_000)
            }
            return longest
        }
        try await Task.sleep(nanoseconds: 100_000_000)
        let start = monotonicNanoseconds()
        #expect(try await database.migrate([Migration(90, "wide", ["ALTER TABLE busy ADD COLUMN m int"])]) == [90])
        #expect(monotonicNanoseconds() - start > 5_500_000_000)
        reader.cancel()
        #expect(await reader.value < 5_900_000_000)
        try await holder.value
    }
}
