import Core
import Glibc
import Runtime
import Sidecars
import Testing

@testable import Store

/// A private PostgreSQL for this process's tests, started once.
enum TestPostgres {
    private static let folder = "/tmp/martlet-store-\(getpid())"

    static let url: String = {
        do {
            let home = try DataFolder(folder, for: Account.forServers(), makes: true)
            let servers = try PrivateServers(in: home, needsPostgres: true, needsRedis: false)
            try servers.start()
            running = servers
        } catch {
            fatalError("no PostgreSQL for tests: \(error)")
        }
        atexit {
            TestPostgres.running?.stop()
            _ = system("rm -rf /tmp/martlet-store-\(getpid())")
        }
        return PrivateServers.places(in: folder).postgresURL()
    }()

    /// For what only the superuser may do.
    static var superuserURL: String {
        _ = url
        return PrivateServers.places(in: folder).postgresURL(as: "maintenance")
    }

    nonisolated(unsafe) private static var running: PrivateServers?
}

@Suite(.serialized) struct DatabaseTests {
    private let loop = EventLoop(name: "test")

    private func database(connections: Int = 4, waiting: Int = 100, options: String = "") -> Database {
        var settings = DatabaseOptions(connectionInfo: TestPostgres.url + options, connections: connections)
        settings.maxWaiting = waiting
        settings.waitMilliseconds = 1000
        return Database(loop: loop, options: settings)
    }

    @Test func valuesComeBack() async throws {
        let rows = try await database().query(
            "SELECT $1::text, $2::bigint, $3::bytea, $4::bool, $5::text, $6::bigint[], $7::text[], ''",
            [
                "é'\"\\😀", .integer(.min), .bytes([0, 255, 10]), .bool(true), .null, .integers([1, -2]),
                .texts(["a,b", "\"", "\\", "{}", ""]),
            ])
        let row = rows[0]
        #expect(try row.text(0) == "é'\"\\😀" && row.integer(1) == .min && row.bytes(2) == [0, 255, 10] && row.bool(3))
        #expect(try row.optionalText(4) == nil && row.text(5) == "{1,-2}" && row.text(7) == "")
        #expect(try row.text(6) == #"{"a,b","\"","\\","{}",""}"#)
    }

    @Test func aBatchIsOneTransaction() async throws {
        let database = database()
        try await database.query("CREATE TABLE IF NOT EXISTS batch (n int PRIMARY KEY)")
        await #expect(throws: PgError.self) {
            try await database.batch([
                Statement("INSERT INTO batch VALUES (1)"), Statement("INSERT INTO batch VALUES (1)"),
            ])
        }
        #expect(try await database.query("SELECT * FROM batch").isEmpty)
        let results = try await database.batch([
            Statement("INSERT INTO batch VALUES (2), (3)"), Statement("SELECT count(*) FROM batch"),
            Statement("DELETE FROM batch"),
        ])
        #expect(try results.map(\.affected) == [2, 1, 2] && results[1][0].integer(0) == 2)
    }

    @Test func aTransactionThatThrowsIsRolledBack() async throws {
        struct Stop: Error {}
        let database = database(connections: 1)
        try await database.query("CREATE TABLE IF NOT EXISTS undone (n int)")
        await #expect(throws: Stop.self) {
            try await database.transaction { transaction in
                try await transaction.query("INSERT INTO undone VALUES (1)")
                throw Stop()
            }
        }
        await #expect(throws: PgError.self) {
            try await database.transaction { try await $0.query("SELECT 1 / (SELECT 0)") }
        }
        #expect(try await database.query("SELECT * FROM undone").isEmpty)
    }

    @Test func anErrorLeavesTheConnectionUsable() async throws {
        let database = database(connections: 1)
        for _ in 0..<3 {
            do {
                try await database.query("SELECT no_such_column")
                Issue.record("it did not fail")
            } catch let error as PgError {
                #expect(error.sqlState == "42703" && !error.isTemporary)
            }
            #expect(try await database.query("SELECT 7")[0].integer(0) == 7)
        }
    }

    @Test func textWithNULIsRefusedBeforeItIsCut() async throws {
        await #expect(throws: PgError.self) { try await database().query("SELECT $1::text", [.text("a\0b")]) }
    }

    @Test func manyQueriesShareFewConnections() async throws {
        let database = database(connections: 3, waiting: 2000)
        let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 0..<1000 {
                group.addTask { try await database.query("SELECT $1::bigint", [.integer(Int64(number))])[0].integer(0) }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 499_500)
        #expect(try await connections() <= 4)
    }

    private func connections() async throws -> Int64 {
        try await database(connections: 1).query(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'martlet-limited'")[0].integer(0)
    }

    @Test func theQueueAndTheWaitHaveLimits() async throws {
        let database = database(connections: 1, waiting: 5)
        let slow = Task { try await database.transaction { try await $0.query("SELECT pg_sleep(1.5)") } }
        while await !isLeased(database) { await Task.yield() }
        let errors = await withTaskGroup(of: String.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        try await database.query("SELECT 1")
                        return "done"
                    } catch {
                        return (error as? PgError)?.sqlState ?? "other"
                    }
                }
            }
            return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        }
        // Five waited too long, the rest was refused at once.
        #expect(errors == ["57014": 5, "53300": 15])
        _ = try await slow.value
    }

    private func isLeased(_ database: Database) async -> Bool {
        let rows = try? await self.database(connections: 1).query(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")
        return rows?.isEmpty == false
    }

    @Test func itReconnectsAfterItsConnectionsWereEnded() async throws {
        let database = database(connections: 2, options: " application_name=victim")
        try await database.query("SELECT 1")
        try await self.database(connections: 1).query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'")
        var answered = false
        for _ in 0..<50 where !answered {
            do {
                answered = try await database.query("SELECT 1")[0].integer(0) == 1
            } catch let error as PgError {
                #expect(error.isTemporary)
            }
        }
        #expect(answered)
    }

    @Test func aListenerHearsAndHearsAgainAfterItsConnectionWasEnded() async throws {
        let heard = AsyncStream<String>.makeStream()
        let listener = PgListener(
            loop: loop, connectionInfo: TestPostgres.url + " application_name=ear", channels: ["bell"],
            onState: { heard.continuation.yield($0 ? "up" : "down") },
            onNotification: { heard.continuation.yield("\($0):\($1)") })
        var sounds = heard.stream.makeAsyncIterator()
        let database = database()
        #expect(await sounds.next() == "up")
        try await database.query("SELECT pg_notify('bell', 'one')")
        #expect(await sounds.next() == "bell:one")
        try await database.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ear'")
        #expect(await sounds.next() == "down")
        #expect(await sounds.next() == "up")
        try await database.query("SELECT pg_notify('bell', 'two')")
        #expect(await sounds.next() == "bell:two")
        listener.close()
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
        #expect(try await database.query("SELECT n FROM step").map { try $0.integer(0) } == [2])
        // Of a version before: what it does not know is no obstacle.
        #expect(try await database.migrate([steps[0]]).isEmpty)
        await #expect(throws: PgError.self) {
            try await database.migrate(steps + [Migration(3, "c", ["SELECT nothing"])])
        }
        #expect(try await database.migrate(steps).isEmpty)
    }
}
