import Core
import Glibc
import Runtime
import Synchronization
import Testing

@testable import Store

@Suite(.serialized) struct DatabaseTests {
    private let loop = EventLoop(name: "test")

    private func database(connections: Int = 4, waiting: Int = 100, options: String = "") -> Database {
        var settings = DatabaseOptions(connectionInfo: TestPostgres.url + options, connections: connections)
        settings.maxWaiting = waiting
        settings.waitMilliseconds = 1000
        return Database(loop: loop, options: settings)
    }

    @Test func valuesComeBack() async throws {
        let none: String? = nil
        let row = try await database().query(
            """
            SELECT \("é'\"\\😀")::text AS text, \(Int64.min)::bigint AS number, \([0, 255, 10] as [UInt8])::bytea AS bytes,
                \(true)::bool AS yes, \(none)::text AS nothing, \([1, -2])::bigint[] AS numbers,
                \(["a,b", "\"", "\\", "{}", ""])::text[] AS texts, '' AS empty, \(ID.max)::bigint AS id,
                \([[0, 255], [], [34]] as [[UInt8]])::bytea[] = ARRAY['\\x00ff', '\\x', '\\x22']::bytea[] AS same
            """)[0]
        #expect(try row.text("text") == "é'\"\\😀" && row.integer("number") == .min && row.id("id") == .max)
        #expect(try row.bytes("bytes") == [0, 255, 10] && row.bool("yes") && row.optionalText("nothing") == nil)
        #expect(try row.text("numbers") == "{1,-2}" && row.text("empty") == "" && row.bool("same"))
        #expect(try row.text("texts") == #"{"a,b","\"","\\","{}",""}"#)
    }

    /// Whatever is in a value, it comes back as it was.
    @Test(arguments: [
        "'; DROP TABLE kept; --", "' OR '1'='1", "$1", "$2::int", "\\", "\\'", "\"", "/* */", "--", "{}", "{1,2}",
        "NULL",
        "');--", "E'\\''", "\u{202E}x", "a\nb", "%s", ";",
    ]) func aValueIsData(_ text: String) async throws {
        let database = database(connections: 1)
        try await database.query("CREATE TABLE IF NOT EXISTS kept (text text)")
        try await database.query("INSERT INTO kept VALUES (\(text))")
        let shared = SQL.parameter(text)
        let found = try await database.query(
            """
            DELETE FROM kept WHERE text = \(shared) AND text = ANY (\(["x", text])) AND text <> \(text + "x")
            RETURNING text, \(shared)::text AS given, (\([text])::text[])[1] AS element
            """)
        #expect(try found.map { try [$0.text("text"), $0.text("given"), $0.text("element")] } == [[text, text, text]])
    }

    @Test func namesOfColumns() async throws {
        let rows = try await database().query(
            "SELECT n, n * 2 AS double, 7 AS n, 9007199254740992 AS large, NULL AS nothing FROM generate_series(1, 2) n"
        )
        #expect(try rows.map { try $0.int("double") } == [2, 4] && rows[1].integer("large") == 1 << 53)
        for (column, read) in [
            ("n", { _ = try $0.integer("n") }), ("m", { _ = try $0.optionalText("m") }),
            ("nothing", { _ = try $0.text("nothing") }), ("large", { _ = try $0.id("large") }),
            ("double", { _ = try $0.bool("double") }),
        ] as [(String, (PgRow) throws -> Void)] {
            #expect { try read(rows[1]) } throws: { ($0 as? PgError)?.message.contains("column \(column):") == true }
        }
    }

    @Test func aConnectionForgetsStatementsWhenItHasPreparedMany() async throws {
        let database = database(connections: 1)
        for count in 1...600 {
            let all = (1...count).map { "\($0)::int" as SQL }
            let sum = try await database.query("SELECT \(all.joined(separator: " + ")) AS sum")[0].int("sum")
            guard sum == count * (count + 1) / 2 else { return #expect(sum == count * (count + 1) / 2) }
            if count % 100 == 50 {
                try await database.transaction { _ = try await $0.query("SELECT \(count)::int + \(1)::int AS more") }
            }
            if count % 7 == 0 {
                // What fails is prepared as well.
                await #expect(throws: PgError.self) { try await database.query("SELECT 1 / \(0) AS failing") }
            }
        }
        let kept = try await database.query("SELECT count(*) FROM pg_prepared_statements")[0].int("count")
        #expect((1...260).contains(kept), "\(kept)")
    }

    @Test func moreParametersThanTheProtocolHas() async throws {
        let database = database(connections: 1)
        let all = (1...65_536).map { "\($0)" as SQL }
        do {
            try await database.query("SELECT 1 WHERE 1 IN (\(all.joined(separator: ", ")))")
            Issue.record("it did not fail")
        } catch let error as PgError {
            #expect(error.sqlState == "22021" && !error.isTemporary)
        }
    }

    @Test func aBatchIsOneTransaction() async throws {
        let database = database()
        try await database.query("CREATE TABLE IF NOT EXISTS batch (n int PRIMARY KEY)")
        await #expect(throws: PgError.self) {
            try await database.batch([
                "INSERT INTO batch VALUES (1)", "INSERT INTO batch VALUES (1)",
            ])
        }
        #expect(try await database.query("SELECT * FROM batch").isEmpty)
        let results = try await database.batch([
            "INSERT INTO batch VALUES (2), (3)", "SELECT count(*) FROM batch", "DELETE FROM batch",
        ])
        #expect(try results.map(\.affected) == [2, 1, 2] && results[1][0].integer("count") == 2)
    }

    /// Of eight connections transactions have six; the others wait for one of these, and batches for nobody.
    @Test func transactionsLeaveConnectionsToBatches() async throws {
        let database = database(connections: 8)
        let (open, begun) = AsyncStream<Void>.makeStream()
        let (gate, holders) = (AsyncStream<Void>.makeStream(), 8)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<holders {
                group.addTask {
                    try await database.transaction { transaction in
                        let mine = try await transaction.query("SELECT pg_backend_pid() AS pid")[0].int("pid")
                        begun.yield()
                        for await _ in gate.stream { break }
                        return mine
                    }
                }
            }
            var beginnings = open.makeAsyncIterator()
            for _ in 0..<6 { await beginnings.next() }
            for _ in 0..<20 { #expect(try await database.query("SELECT 1 AS one")[0].int("one") == 1) }
            let others = try await database.query(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE state = 'idle in transaction' AND query = 'SELECT pg_backend_pid() AS pid'
                """)
            #expect(try others[0].int("count") == 6)
            for _ in 0..<holders { gate.continuation.yield() }
            var ended = 0
            for try await _ in group { ended += 1 }
            #expect(ended == holders)
        }
    }

    /// What can wait goes out before what comes next, and fails there.
    @Test func whatComesLater() async throws {
        let database = database(connections: 1)
        try await database.query("CREATE TABLE IF NOT EXISTS later (n int PRIMARY KEY)")
        try await database.transaction { transaction in
            transaction.later(["INSERT INTO later VALUES (1)", "INSERT INTO later VALUES (2)"])
            let seen = try await transaction.batch(["SELECT count(*) FROM later", "SELECT 7 AS seven"])
            #expect(try seen.count == 2 && seen[0][0].int("count") == 2 && seen[1][0].int("seven") == 7)
            transaction.later(["INSERT INTO later VALUES (3)"])
        }
        try await database.transaction { $0.later(["INSERT INTO later VALUES (4)"]) }
        #expect(try await database.query("SELECT count(*) FROM later")[0].int("count") == 4)
        await #expect(throws: PgError.self) {
            try await database.transaction {
                $0.later(["INSERT INTO later VALUES (5)", "INSERT INTO later VALUES (1)"])
            }
        }
        try await database.transaction { transaction in
            transaction.later(["INSERT INTO later VALUES (6)"])
            let seen = try await transaction.commit(["SELECT count(*) FROM later"])
            #expect(try seen[0][0].int("count") == 5)
        }
        struct Stop: Error {}
        await #expect(throws: Stop.self) {
            try await database.transaction { transaction in
                transaction.later(["INSERT INTO later VALUES (7)"])
                throw Stop()
            }
        }
        #expect(try await database.query("SELECT sum(n) FROM later")[0].int("sum") == 1 + 2 + 3 + 4 + 6)
    }

    /// What a transaction says of its own commit ends with it, also where there is no BEGIN.
    @Test func commitsThatDoNotWait() async throws {
        let database = database(connections: 1)
        let setting: SQL = "SELECT current_setting('synchronous_commit') AS value"
        let batch = try await database.batch([Transaction.unhurried, setting])
        #expect(try batch[1][0].text("value") == "off")
        #expect(try await database.query(setting)[0].text("value") == "on")
        try await database.transaction {
            let within = try await $0.batch([Transaction.unhurried, setting])
            #expect(try within[1][0].text("value") == "off")
        }
        #expect(try await database.query(setting)[0].text("value") == "on")
    }

    /// What is put off until the commit is done before the caller goes on, and not where nothing was committed.
    @Test func afterTheCommit() async throws {
        let database = database(connections: 1)
        let done = Mutex<[Int]>([])
        try await database.transaction { transaction in
            try await transaction.query("SELECT 1")
            transaction.afterCommit { done.withLock { $0.append(1) } }
            #expect(done.withLock { $0 } == [])
        }
        #expect(done.withLock { $0 } == [1])
        try await database.transaction { transaction in
            transaction.afterCommit { done.withLock { $0.append(2) } }
            try await transaction.commit(["SELECT 1"])
        }
        #expect(done.withLock { $0 } == [1, 2])
        await #expect(throws: PgError.self) {
            try await database.transaction { transaction in
                transaction.afterCommit { done.withLock { $0.append(3) } }
                try await transaction.query("SELECT 1 / (SELECT 0)")
            }
        }
        #expect(done.withLock { $0 } == [1, 2])
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
            #expect(try await database.query("SELECT 7 AS n")[0].integer("n") == 7)
        }
    }

    @Test func textWithNULIsRefusedBeforeItIsCut() async throws {
        await #expect(throws: PgError.self) { try await database().query("SELECT \("a\0b")::text") }
    }

    @Test func manyQueriesShareFewConnections() async throws {
        let database = database(connections: 3, waiting: 2000)
        let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 0..<1000 {
                group.addTask { try await database.query("SELECT \(number)::bigint AS n")[0].integer("n") }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 499_500)
        #expect(try await connections() <= 4)
    }

    private func connections() async throws -> Int64 {
        try await database(connections: 1).query(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'martlet-limited'")[0].integer("count")
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
                answered = try await database.query("SELECT 1 AS n")[0].integer("n") == 1
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
}
