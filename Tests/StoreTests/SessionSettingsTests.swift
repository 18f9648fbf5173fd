import Runtime
import Testing

@testable import Store

/// Nothing that is relied on is left to the defaults of a role, a database or a connection string.
@Suite(.serialized) struct SessionSettingsTests {
    private let loop = EventLoop(name: "test")

    private func database(_ more: String = "", _ change: (inout SessionSettings) -> Void = { _ in }) -> Database {
        var options = DatabaseOptions(connectionInfo: TestPostgres.url + more, connections: 1)
        change(&options.session)
        return Database(loop: loop, options: options)
    }

    private func setting(_ name: String, in database: Database) async throws -> String {
        try await database.query("SELECT current_setting(\(name)) AS value")[0].text("value")
    }

    @Test func settingsOfARoleAndAStringChangeNothing() async throws {
        let settings: [SQL] = [
            "DROP DATABASE IF EXISTS odd", "CREATE DATABASE odd OWNER martlet",
            "ALTER ROLE martlet IN DATABASE odd SET bytea_output = 'escape'",
            "ALTER ROLE martlet IN DATABASE odd SET DateStyle = 'German'",
            "ALTER ROLE martlet IN DATABASE odd SET TimeZone = 'Asia/Kolkata'",
            "ALTER ROLE martlet IN DATABASE odd SET IntervalStyle = 'iso_8601'",
            "ALTER ROLE martlet IN DATABASE odd SET client_encoding = 'LATIN1'",
            "ALTER ROLE martlet IN DATABASE odd SET standard_conforming_strings = off",
            "ALTER ROLE martlet IN DATABASE odd SET default_transaction_isolation = 'serializable'",
            "ALTER ROLE martlet IN DATABASE odd SET default_transaction_read_only = on",
            "ALTER ROLE martlet IN DATABASE odd SET default_transaction_deferrable = on",
            "ALTER ROLE martlet IN DATABASE odd SET row_security = off",
            "ALTER ROLE martlet IN DATABASE odd SET jit = on",
            "ALTER ROLE martlet IN DATABASE odd SET lock_timeout = '1ms'",
            "ALTER ROLE martlet IN DATABASE odd SET idle_in_transaction_session_timeout = '1ms'",
            "ALTER ROLE martlet IN DATABASE odd SET idle_session_timeout = '50ms'",
            "ALTER ROLE martlet IN DATABASE odd SET extra_float_digits = -15",
            "ALTER ROLE martlet IN DATABASE odd SET transform_null_equals = on",
        ]
        let superuser = Database(
            loop: loop, options: DatabaseOptions(connectionInfo: TestPostgres.superuserURL, connections: 1))
        for statement in settings { try await superuser.query(statement) }
        let database = database(" dbname=odd options='-c statement_timeout=5 -c search_path=elsewhere,public'")
        let row = try await database.query(
            """
            SELECT '\\x00ff'::bytea AS bytes, timestamptz '2026-01-31 12:00Z'::text AS time,
                interval '1 day 2 hours'::text AS interval, '\\n' AS backslash, 'é😀' AS characters,
                0.1::float8 + 0.2::float8 AS sum, NULL = NULL AS nulls, pg_sleep(0.05)::text
            """)[0]
        #expect(
            try row.bytes("bytes") == [0, 255] && row.text("time") == "2026-01-31 12:00:00+00"
                && row.text("interval") == "1 day 02:00:00")
        #expect(try row.text("backslash") == "\\n" && row.text("characters") == "é😀")
        #expect(try row.text("sum") == "0.30000000000000004" && row.optionalText("nulls") == nil)
        for (name, value) in [
            ("transaction_isolation", "read committed"), ("transaction_read_only", "off"), ("lock_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"), ("idle_session_timeout", "0"),
            ("statement_timeout", "15s"), ("row_security", "on"), ("jit", "off"), ("search_path", "elsewhere,public"),
            ("application_name", "martlet/1"),
        ] {
            #expect(
                try await setting(name, in: database).replacing(" ", with: "")
                    == value.replacing(" ", with: ""), "\(name)")
        }
    }

    /// As a login to a busy server would meet it: many connections, each below the shortest limit that there is.
    @Test func theShortestTimeLimit() async throws {
        for _ in 0..<20 {
            let database = database(" options='-c statement_timeout=1'")
            #expect(try await database.query("SELECT 1 AS n FROM pg_sleep(0.01)")[0].integer("n") == 1)
            database.close()
        }
    }

    @Test(arguments: [("off", true, "on"), ("local", true, "local"), ("on", true, "on"), ("on", false, "off")])
    func howACommitWaits(_ found: String, _ isDurable: Bool, _ expected: String) async throws {
        let database = database(" options='-c synchronous_commit=\(found)'") { $0.commitsAreDurable = isDurable }
        #expect(try await setting("synchronous_commit", in: database) == expected)
    }

    @Test func timeLimitsOfThePool() async throws {
        let database = database { ($0.statementTimeout, $0.idleInTransactionTimeout) = (100, 200) }
        do {
            try await database.query("SELECT pg_sleep(5)")
            Issue.record("it did not end")
        } catch let error as PgError {
            #expect(error.sqlState == "57014")
        }
        #expect(try await setting("idle_in_transaction_session_timeout", in: database) == "200ms")
    }

    @Test func aURIIsTakenAsItIs() async throws {
        let folder = TestPostgres.url.split(separator: "'")[1]
        let uri =
            "postgresql://martlet@/martlet?host=\(folder)&options=-c%20bytea_output%3Descape&application_name=mine"
        let database = Database(loop: loop, options: DatabaseOptions(connectionInfo: uri, connections: 1))
        #expect(try await setting("bytea_output", in: database) == "hex")
        #expect(try await setting("application_name", in: database) == "mine")
    }

    @Test func aRowThatCannotBeReadIsAnErrorOfThatStatement() async throws {
        let database = database()
        await #expect(throws: PgError.self) { try await database.query("SELECT NULL::bigint AS n")[0].integer("n") }
        await #expect(throws: PgError.self) { try await database.query("SELECT 1 AS n WHERE false")[0].integer("n") }
        #expect(try await database.query("SELECT 7 AS n")[0].integer("n") == 7)
    }
}
