import Outbox
import Store
import Synchronization
import TestSupport
import Testing

/// The relay takes events as they are committed, those of one key in order, and waits for nobody else.
@Suite(.serialized) struct OutboxOrderTests {
    private let database: Database

    init() async throws {
        database = try await TestPostgres.database.value
        try await database.query("DELETE FROM outbox")
    }

    private func insert(_ key: String, xid: String? = nil) async throws {
        try await database.query(
            """
            INSERT INTO outbox (xid, topic, key, payload, headers)
            VALUES (COALESCE(\(xid)::text::xid8, pg_current_xact_id()), 'test.order', \(key), '', '{}')
            """)
    }

    /// Moves until there is nothing left; returns the keys.
    private func drain(_ reader: OutboxReader, limit: Int = 2) async throws -> [String] {
        let moved = Mutex<[String]>([])
        while try await reader.move(limit: limit, { rows in moved.withLock { $0 += rows.map(\.key) } }) != .moved(0) {}
        return moved.withLock { $0 }
    }

    @Test func theOrderIsThatOfNumbers() async throws {
        // Transactions of a database that was restored have lower numbers than its rows.
        for (key, xid) in [("a", "900000000"), ("b", "10"), ("c", "9"), ("d", "100"), ("e", "8")] {
            try await insert(key, xid: xid)
        }
        let reader = OutboxReader(database: database)
        #expect(try await drain(reader) == ["a", "b", "c", "d", "e"])
        try await insert("f", xid: "3")
        #expect(try await drain(reader) == ["f"])
    }

    @Test func whatFailsComesAgain() async throws {
        struct Stop: Error {}
        let reader = OutboxReader(database: database)
        for key in ["a", "b", "c"] { try await insert(key) }
        await #expect(throws: Stop.self) { _ = try await reader.move(limit: 2) { _ in throw Stop() } }
        #expect(try await drain(reader) == ["a", "b", "c"])
    }

    @Test func aNumberThatIsCommittedLateComesLate() async throws {
        let (database, reader) = (database, OutboxReader(database: database))
        let (late, other) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        let writer = Task {
            try await database.transaction { transaction in
                try await transaction.query(
                    "INSERT INTO outbox (topic, key, payload, headers) VALUES ('test.order', 'late', '', '{}')")
                other.continuation.yield()
                for await _ in late.stream { break }
            }
        }
        for await _ in other.stream { break }
        // Long enough for the floor to be asked for several times.
        for round in 0..<6 {
            try await insert("\(round)")
            #expect(try await drain(reader) == ["\(round)"])
            try await database.query("SELECT pg_sleep(0.11)")
        }
        late.continuation.yield()
        try await writer.value
        #expect(try await drain(reader) == ["late"])
    }

    /// Writers of a few keys, each under its key's lock, with pauses, rollbacks, and a transaction that is open throughout.
    @Test(arguments: [1, 2, 3] as [UInt64]) func concurrentWriters(_ seed: UInt64) async throws {
        let (database, reader) = (database, OutboxReader(database: database))
        try await database.batch([
            "CREATE TABLE IF NOT EXISTS key_locks (key int PRIMARY KEY, last int NOT NULL)",
            "DELETE FROM key_locks",
            "INSERT INTO key_locks SELECT n, 0 FROM generate_series(0, 3) n",
        ])
        let (end, open) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        let bystander = Task {
            try await database.transaction { transaction in
                try await transaction.query("SELECT pg_current_xact_id()")
                open.continuation.yield()
                for await _ in end.stream { break }
            }
        }
        for await _ in open.stream { break }
        let journal = Journal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    let last = journal.isDone.load(ordering: .acquiring)
                    let outcome = try await reader.move(limit: 7) { rows in
                        let moved = rows.map { "\($0.key):\(String(decoding: $0.payload, as: UTF8.self))" }
                        journal.seen.withLock { $0 += moved }
                    }
                    if last, outcome == .moved(0) { return }
                }
            }
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for writer in 0..<5 {
                        writers.addTask { try await Self.write(database, Seeded(seed * 100 + UInt64(writer))) }
                    }
                    try await writers.waitForAll()
                }
                journal.isDone.store(true, ordering: .releasing)
            }
            try await group.waitForAll()
        }
        end.continuation.yield()
        try await bystander.value
        let last = try await database.query("SELECT key, last FROM key_locks ORDER BY key").map {
            (try $0.integer("key"), try $0.integer("last"))
        }
        let moved = journal.seen.withLock { $0 }
        for (key, count) in last {
            let ofKey = moved.filter { $0.hasPrefix("\(key):") }
            #expect(ofKey == (0..<count).map { "\(key):\($0 + 1)" })
        }
        #expect(moved.count == last.reduce(0) { $0 + Int($1.1) })
    }

    private final class Journal: Sendable {
        let seen = Mutex<[String]>([])
        let isDone = Atomic<Bool>(false)
    }

    private struct RolledBack: Error {}

    private static func write(_ database: Database, _ chance: Seeded) async throws {
        var chance = chance
        for _ in 0..<60 {
            let (key, before, after) = (chance.below(4), chance.below(6), chance.below(12))
            let fails = chance.below(5) == 0
            do {
                try await database.transaction { transaction in
                    let row = try await transaction.query(
                        "UPDATE key_locks SET last = last + 1 WHERE key = \(key) RETURNING last")
                    let number = try row[0].integer("last")
                    try await transaction.query("SELECT pg_sleep(\(before)::int / 1000.0)")
                    try await transaction.query(
                        """
                        INSERT INTO outbox (topic, key, payload, headers)
                        VALUES ('test.order', \(key.description), \(Array("\(number)".utf8)), '{}')
                        """)
                    try await transaction.query("SELECT pg_sleep(\(after)::int / 1000.0)")
                    if fails { throw RolledBack() }
                }
            } catch is RolledBack {}
        }
    }

    @Test func whatWaitsIsTold() async throws {
        let gauge = OutboxGauge(database: database)
        #expect(try await gauge.read(upTo: 100).count == 0)
        for key in ["a", "b", "c"] { try await insert(key) }
        let reading = try await gauge.read(upTo: 100)
        #expect(reading.count == 3 && reading.first > 0 && 0..<60_000 ~= reading.age)
        #expect(try await gauge.read(upTo: 2).count == 2)
        let reader = OutboxReader(database: database)
        _ = try await reader.move(limit: 1) { _ in }
        let next = try await gauge.read(upTo: 100)
        #expect(next.count == 2 && next.first == reading.first + 1)
        _ = try await drain(reader)
        #expect(try await gauge.read(upTo: 100).count == 0)
    }
}
