import Core
import Runtime
import Store
import Synchronization
import Testing

@testable import NodeLease

/// On a real PostgreSQL. Time passes by a manual clock here, and there by setting back what was written.
@Suite(.serialized) struct NodeLeaseTests {
    private let loop = EventLoop(name: "lease test")
    private let database: Database

    init() async throws {
        var options = DatabaseOptions(connectionInfo: TestPostgres.url, connections: 4)
        options.waitMilliseconds = 5000
        database = Database(loop: loop, options: options)
        _ = try await database.migrate(NodeLeaseMigrations.all)
        try await database.query(
            "UPDATE id_nodes SET token = NULL, ids_until = 0, renewed_at = now() - interval '1 hour'")
    }

    /// A process: its clocks, its ids, its lease.
    private final class Process: Sendable {
        let clock: ManualClock
        let steady = Steady()
        let ids: IDGenerator
        let lease: NodeLease

        init(_ database: Database, at time: Int64 = 1_000_000) {
            clock = ManualClock(milliseconds: ID.originMilliseconds + time)
            ids = IDGenerator(clock: clock)
            lease = NodeLease(database: database, ids: ids, clock: clock) { [steady] in steady.now }
        }

        /// Both clocks go on.
        func pass(_ milliseconds: Int64) {
            clock.advance(milliseconds: milliseconds)
            steady.advance(milliseconds)
        }

        func node() throws -> Int { Int(try ids.next().raw >> 6 & 63) }
    }

    private final class Steady: Sendable {
        private let value = Atomic<UInt64>(1_000_000_000)
        var now: UInt64 { value.load(ordering: .relaxed) }
        func advance(_ milliseconds: Int64) { value.add(UInt64(milliseconds) * 1_000_000, ordering: .relaxed) }
    }

    /// The database's clock goes on, for all rows.
    private func silence(_ seconds: Int64) async throws {
        try await database.query(
            "UPDATE id_nodes SET renewed_at = renewed_at - make_interval(secs => \(seconds)::int)")
    }

    private func idsUntil(_ number: Int) async throws -> Int64 {
        try await database.query("SELECT ids_until FROM id_nodes WHERE number = \(number)")[0].integer("ids_until")
            - ID.originMilliseconds
    }

    @Test func beforeTheLeaseThereAreNoIds() async throws {
        let process = Process(database)
        #expect(throws: IDsUnavailable.self) { try process.ids.next() }
        await process.lease.look()
        #expect(NodeNumbers.leased.contains(try process.node()))
        #expect(try await idsUntil(try process.node()) == 1_030_000)
    }

    @Test func twoAtOnceGetDifferentNumbers() async throws {
        let processes = (0..<8).map { _ in Process(database) }
        await withTaskGroup(of: Void.self) { group in
            for process in processes { group.addTask { await process.lease.look() } }
        }
        #expect(Set(try processes.map { try $0.node() }).count == 8)
    }

    @Test func afterTheLastNumberTheErrorSaysWhatToDo() async throws {
        for _ in NodeNumbers.leased { await Process(database).lease.look() }
        let held = try await database.query(
            "SELECT count(token) AS held, count(DISTINCT token) AS holders FROM id_nodes")
        #expect(try held[0].int("held") == 46 && held[0].int("holders") == 46)
        let late = Process(database)
        await #expect(throws: NodeLeaseError.allTaken(46)) { try await late.lease.start() }
        #expect(throws: IDsUnavailable.self) { try late.ids.next() }
    }

    @Test func aCrashedOnesNumberIsTakenAfterItsTimeOnlyAndItsIdsAreBelow() async throws {
        try await leaveFree(1)
        let crashed = Process(database)
        await crashed.lease.look()
        crashed.pass(9000)
        let last = try crashed.ids.next()

        let next = Process(database, at: 1_040_000)
        try await silence(50)
        await next.lease.look()
        #expect(throws: IDsUnavailable.self) { try next.ids.next() }
        try await silence(11)
        next.pass(1000)
        await next.lease.look()
        let first = try next.ids.next()
        #expect(first.raw >> 6 & 63 == last.raw >> 6 & 63)
        #expect(first.milliseconds > ID.originMilliseconds + 1_030_000 && first > last)

        // The crashed one was only paused: what it may still make is below, and it finds its number gone.
        #expect(try crashed.ids.next() < first)
        crashed.pass(22_000)
        #expect(throws: IDsUnavailable.self) { try crashed.ids.next() }
        await crashed.lease.look()
        #expect(throws: IDsUnavailable.self) { try crashed.ids.next() }
    }

    @Test func aSuccessorWhoseClockIsBehindTheIdsWaits() async throws {
        try await leaveFree(1)
        let ahead = Process(database, at: 5_000_000)
        await ahead.lease.look()
        let last = try ahead.ids.next()
        try await silence(61)
        let behind = Process(database, at: 1_000_000)
        await #expect(throws: NodeLeaseError.clockIsBehind(milliseconds: 4_030_000)) {
            try await behind.lease.start()
        }
        // Within a second of the clock it begins above.
        behind.pass(4_029_100)
        await behind.lease.look()
        let first = try behind.ids.next()
        #expect(first.milliseconds == ID.originMilliseconds + 5_030_001 && first > last)
    }

    @Test func renewalsCarryIdsOnAndALostLeaseStopsThem() async throws {
        let process = Process(database)
        await process.lease.look()
        let number = try process.node()
        for _ in 0..<5 {
            process.pass(10_000)
            await process.lease.look()
            #expect(try process.node() == number)
        }
        #expect(try await idsUntil(number) == 1_080_000)
        // Nobody renews it: half a minute, and no more ids.
        process.pass(30_000)
        #expect(try process.node() == number)
        process.pass(1)
        #expect(throws: IDsUnavailable.self) { try process.ids.next() }

        // Another has taken it meanwhile, and there is another number.
        try await database.query("UPDATE id_nodes SET token = 'other' WHERE number = \(number)")
        await process.lease.look()
        #expect(try process.node() != number)
    }

    @Test func aLostLeaseWithoutASuccessorMakesNoIds() async throws {
        try await leaveFree(1)
        let process = Process(database)
        await process.lease.look()
        let number = try process.node()
        try await database.query("UPDATE id_nodes SET token = 'other' WHERE number = \(number)")
        process.pass(10_000)
        await process.lease.look()
        // Before the end of what it had written down.
        #expect(throws: IDsUnavailable.self) { try process.ids.next() }
    }

    @Test func aDatabaseThatIsAwayEndsIdsAndOneThatIsBackBringsThem() async throws {
        let process = Process(database)
        await process.lease.look()
        let number = try process.node()
        try await database.query("ALTER TABLE id_nodes RENAME TO id_nodes_away")
        process.pass(10_000)
        await process.lease.look()
        process.pass(20_000)
        #expect(try process.node() == number)
        process.pass(1)
        await process.lease.look()
        #expect(throws: IDsUnavailable.self) { try process.ids.next() }
        try await database.query("ALTER TABLE id_nodes_away RENAME TO id_nodes")
        process.pass(1000)
        await process.lease.look()
        #expect(try process.node() == number)
    }

    @Test func aReleasedNumberIsTakenAtOnceAboveItsIds() async throws {
        try await leaveFree(1)
        let first = Process(database)
        try await first.lease.start()
        let last = try first.ids.next()
        await first.lease.release()
        #expect(throws: IDsUnavailable.self) { try first.ids.next() }

        let second = Process(database)
        try await second.lease.start()
        let next = try second.ids.next()
        #expect(next.raw >> 6 & 63 == last.raw >> 6 & 63)
        #expect(next.milliseconds == last.milliseconds + 1)
        await second.lease.release()
    }

    @Test func releasingWhatIsSomebodyElsesTakesNothingFromHim() async throws {
        let process = Process(database)
        await process.lease.look()
        let number = try process.node()
        try await database.query("UPDATE id_nodes SET token = 'other' WHERE number = \(number)")
        await process.lease.release()
        let rows = try await database.query("SELECT token FROM id_nodes WHERE number = \(number)")
        #expect(try rows[0].text("token") == "other")
    }

    @Test func manyRestartsUseFewNumbers() async throws {
        var numbers: Set<Int> = []
        var all: [ID] = []
        for _ in 0..<60 {
            let process = Process(database)
            await process.lease.look()
            all.append(try process.ids.next())
            numbers.insert(try process.node())
            await process.lease.release()
        }
        #expect(numbers.count == 1 && all == all.sorted() && Set(all).count == 60)
    }

    /// All other numbers belong to processes that renew them.
    private func leaveFree(_ count: Int) async throws {
        let first = NodeNumbers.leased.lowerBound + count
        try await database.query(
            "UPDATE id_nodes SET token = 'living', renewed_at = now() + interval '55 s' WHERE number >= \(first)")
    }
}
