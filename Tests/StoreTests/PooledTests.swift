import Runtime
import Testing

@testable import Store

/// What is said of a connection behind a pooler holds for each transaction by itself; a real PgBouncer is in the integration
/// tests (`test_pgbouncer.py`).
@Suite(.serialized) struct PooledTests {
    private let loop = EventLoop(name: "test")

    private func database(
        _ info: String = TestPostgres.url, pooled: Bool = true, _ change: (inout SessionSettings) -> Void = { _ in }
    ) -> Database {
        var options = DatabaseOptions(connectionInfo: info, connections: 1)
        options.isPooled = pooled
        change(&options.session)
        return Database(loop: loop, options: options)
    }

    @Test func nothingIsPrepared() async throws {
        let database = database()
        for number in 0..<3 { try await database.query("SELECT \(number)::int AS n") }
        let sum = try await database.transaction { try await $0.query("SELECT \(1)::int + \(2)::int AS n")[0].int("n") }
        #expect(sum == 3)
        #expect(try await database.query("SELECT count(*) AS n FROM pg_prepared_statements")[0].int("n") == 0)
    }

    @Test func settingsAreThoseOfEachTransaction() async throws {
        let name: SQL = """
            SELECT current_setting('statement_timeout') || current_setting('synchronous_commit') AS value
            """
        let database = database {
            $0.statementTimeout = 1234
            $0.commitsAreDurable = false
        }
        for _ in 0..<2 {
            #expect(try await database.query(name)[0].text("value") == "1234msoff")
            #expect(
                try await database.batch([name, name]).map { try $0[0].text("value") } == ["1234msoff", "1234msoff"])
            let inside = try await database.transaction { try await $0.query(name)[0].text("value") }
            #expect(inside == "1234msoff")
        }
        // The session, which is another's next, has what it had.
        let outside = try await database.query("SELECT reset_val FROM pg_settings WHERE name = 'statement_timeout'")
        #expect(try outside[0].text("reset_val") == "0")
    }

    @Test(arguments: [false, true]) func theLimitEndsAStatement(inTransaction: Bool) async throws {
        let database = database { $0.statementTimeout = 200 }
        await #expect(throws: PgError.self) {
            if inTransaction {
                _ = try await database.transaction { try await $0.query("SELECT pg_sleep(5)") }
            } else {
                try await database.query("SELECT pg_sleep(5)")
            }
        }
        #expect(try await database.query("SELECT 1 AS n")[0].int("n") == 1)
    }

    @Test func aRoleThatCanNotBeUsedIsToldOf() async throws {
        let superuser = database(TestPostgres.superuserURL, pooled: false)
        try await superuser.query("DROP DATABASE IF EXISTS pooled")
        try await superuser.query("CREATE DATABASE pooled OWNER martlet")
        try await superuser.query("ALTER DATABASE pooled SET default_transaction_isolation = 'serializable'")
        let error = await #expect(throws: PgError.self) {
            try await database(TestPostgres.url + " dbname=pooled").query("SELECT 1")
        }
        #expect(error?.isRefusal == true)
        #expect(error?.message.contains("default_transaction_isolation is serializable") == true)
    }
}
