import Runtime
import Store
import Synchronization
import TestSite
import Testing

@testable import Layouts

/// Processes, each with a session of its own, on a real PostgreSQL.
@Suite(.site, .serialized) struct LayoutHoldTests {
    private let site = TestSite.current
    private let loop = EventLoop(name: "layouts test")
    private var store: SiteStore { SiteStore(database: site.database) }

    init() async throws {
        try await site.database.query("DELETE FROM site")
    }

    /// What `watch` told.
    private final class Ear: Sendable {
        private let wakeup = Wakeup()
        private let count = Atomic<Int>(0)
        func hear() {
            count.add(1, ordering: .relaxed)
            wakeup.signal()
        }
        var heard: Int { count.load(ordering: .relaxed) }
        func wait() async { await wakeup.wait() }
    }

    private func process(_ name: String) -> LayoutHold {
        var options = DatabaseOptions(connectionInfo: site.postgresURL, connections: 1)
        options.name = nil
        return LayoutHold(database: Database(loop: loop, options: options), name: name)
    }

    private func given(_ partitions: Int? = nil) -> GivenSettings {
        GivenSettings(
            partitions: .init(partitions ?? 16, isGiven: partitions != nil, name: "MARTLET_PARTITIONS"),
            topicPrefix: nil)
    }

    private func record() async throws -> SiteRecord { try #require(try await store.read()) }

    @Test func theFirstRecordsAndAllOthersTakeIt() async throws {
        #expect(try await store.read() == nil)
        let (first, second, third) = (process("first"), process("second"), process("third"))
        #expect(try await first.take(given(32)).partitions == 32)
        #expect(try await second.take(given()).partitions == 32)
        await #expect(throws: SiteMismatch.self) { try await third.take(given(8)) }
        #expect(try await record().partitions == 32)
        #expect(try await store.holders(of: 1).map { $0.prefix(while: { $0 != "," }) } == ["first", "second"])
        for hold in [first, second, third] { await hold.close() }
    }

    /// A prefix is recorded by the first process with Kafka, and never changed.
    @Test func thePrefixIsOfTheFirstWithKafka() async throws {
        try await store.record(given())
        #expect(try await record().topicPrefix == nil)
        for prefix in ["eu.", "us."] {
            try await store.record(
                GivenSettings(
                    partitions: .init(16, isGiven: false, name: ""),
                    topicPrefix: .init(prefix, isGiven: true, name: "")))
        }
        #expect(try await record().topicPrefix == "eu.")
    }

    @Test func theNextLayoutBeginsWhenNobodyIsInThisOne() async throws {
        let (old, new, ear) = (process("old"), process("new"), Ear())
        let before = try await old.take(given(8))
        old.watch(before) { ear.hear() }
        #expect(try await store.ask(for: 32, after: before))
        #expect(try await !store.ask(for: 64, after: before), "one change at a time")
        old.look()
        await ear.wait()
        #expect(try await !store.advance(from: record()), "the old one still works")
        let isTaken = Atomic<Bool>(false)
        async let after = {
            let record = try await new.take(given(8))
            isTaken.store(true, ordering: .releasing)
            return record
        }()
        try await Task.sleep(nanoseconds: 300_000_000)
        #expect(!isTaken.load(ordering: .acquiring) && ear.heard == 1)
        await old.close()
        let taken = try await after
        #expect((taken.layout, taken.partitions, taken.former, taken.next) == (2, 32, [8], nil))
        #expect(try await store.holders(of: 1).isEmpty)
        await new.close()
    }

    /// Its machine is cut off: others can't wait for it. When it is back it must not go on.
    @Test func whoHasLostTheSessionEndsWhereTheLayoutHasEnded() async throws {
        let (lost, ear) = (process("lost"), Ear())
        let before = try await lost.take(given(8))
        try await end("lost")
        #expect(try await store.ask(for: 16, after: before))
        while try await !store.advance(from: before) { try await Task.sleep(nanoseconds: 5_000_000) }
        lost.watch(before) { ear.hear() }
        lost.look()
        await ear.wait()
        await lost.close()
    }

    /// And goes on where it has not, with another session's hold.
    @Test func whoHasLostTheSessionTakesAnother() async throws {
        let (lost, ear) = (process("lost"), Ear())
        let before = try await lost.take(given(8))
        lost.watch(before) { ear.hear() }
        try await end("lost")
        while try await !store.holders(of: 1).isEmpty { try await Task.sleep(nanoseconds: 5_000_000) }
        while try await store.holders(of: 1).isEmpty {
            lost.look()
            try await Task.sleep(nanoseconds: 20_000_000)
        }
        #expect(ear.heard == 0)
        await lost.close()
    }

    /// A process hangs: the others wait for a while, and go on as before.
    @Test func aChangeIsTakenBack() async throws {
        let (hanging, other) = (process("hanging"), process("other"))
        let before = try await hanging.take(given(8))
        #expect(try await store.ask(for: 32, after: before))
        #expect(try await !store.giveUp(before), "it has not waited for long")
        try await site.database.query("UPDATE site SET asked_at = asked_at - interval '31 seconds'")
        let after = try await other.take(given(8))
        #expect((after.layout, after.partitions, after.next) == (1, 8, nil))
        #expect(try await !store.advance(from: before), "it was taken back")
        for hold in [hanging, other] { await hold.close() }
    }

    /// Only who gives the topics their partitions may end such a change, and only while nobody works.
    @Test func theLogGrowsWhileNobodyWorks() async throws {
        try await store.record(GivenSettings(partitions: .init(8, isGiven: false, name: ""), topicPrefix: nil))
        #expect(try await record().logPartitions == nil)
        let log = GivenSettings.Value(4, isGiven: true, name: "MARTLET_LOG_PARTITIONS")
        let old = process("old")
        let before = try await old.take(
            GivenSettings(partitions: .init(8, isGiven: false, name: ""), topicPrefix: nil, logPartitions: log))
        #expect(before.logPartitions == 4)
        #expect(try await store.ask(for: 8, log: 12, after: before))
        let asked = try await record()
        #expect(asked.nextLog == 12)
        let grown = Atomic<Int>(0)
        #expect(try await !store.advance(from: asked) { grown.add(1, ordering: .relaxed) }, "the old one still works")
        await old.close()
        #expect(try await !store.advance(from: asked), "topics have not grown")
        #expect(grown.load(ordering: .relaxed) == 0)
        struct Refused: Error {}
        // PostgreSQL ends the session of who has closed in its own time.
        while try await !store.holders(of: 1).isEmpty { try await Task.sleep(nanoseconds: 5_000_000) }
        await #expect(throws: Refused.self) { try await store.advance(from: asked) { throw Refused() } }
        #expect(try await record() == asked)
        while try await !store.advance(from: asked, grow: { grown.add(1, ordering: .relaxed) }) {
            try await Task.sleep(nanoseconds: 5_000_000)
        }
        let after = try await record()
        #expect((after.layout, after.partitions, after.logPartitions, after.nextLog) == (2, 8, 12, nil))
        #expect(grown.load(ordering: .relaxed) == 1)
    }

    private func end(_ name: String) async throws {
        let ended = try await site.database.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = \(name) AND datname = current_database()
            """)
        #expect(ended.count == 1)
    }
}
