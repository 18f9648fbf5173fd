import Runtime
import Sidecars
import Store
import Testing

@testable import Formats

/// Who reads which format, and from when on one is written.
@Suite(.serialized) struct FormatStoreTests {
    private let database: Database
    private let store: FormatStore
    private let old = Format("old", "")
    private let new = Format("new", "")

    init() async throws {
        database = try await TestPostgres.database.value
        store = FormatStore(database: database)
        try await database.query("TRUNCATE formats, processes")
    }

    private func process(_ role: String) -> Formats.ProcessInfo { ProcessInfo(role: role, version: "1") }

    @Test func enabledOnceAllReadIt() async throws {
        let (api, fanOut) = (process("api"), process("fanout"))
        #expect(try await store.register(api, reads: [old]) == [])
        #expect(try await store.register(fanOut, reads: [old, new]) == [])
        #expect(try await store.enable(["old"], force: false) == ["old"])
        #expect(try await store.enable(["old"], force: false) == [])
        let hindrance = "api (Martlet 1, process \(api.pid) on \(api.host))"
        await #expect(throws: FormatError.inUse([hindrance])) { try await store.enable(["old", "new"], force: false) }
        #expect(try await store.renew(fanOut, reads: [old, new]) == ["old"])

        try await store.remove(api)
        #expect(try await store.enable(["old", "new"], force: false) == ["new"])
        #expect(try await store.renew(fanOut, reads: [old, new]) == ["old", "new"])
    }

    @Test func whoEndedWithoutAWordHindersNobodyForLong() async throws {
        _ = try await store.register(process("api"), reads: [])
        try await database.query("UPDATE processes SET seen_at = now() - interval '59 seconds'")
        await #expect(throws: FormatError.self) { try await store.enable(["new"], force: false) }
        try await database.query("UPDATE processes SET seen_at = now() - interval '61 seconds'")
        #expect(try await store.enable(["new"], force: false) == ["new"])
        try await store.prune()
        #expect(try await database.query("SELECT 1 FROM processes").count == 1)
        try await database.query("UPDATE processes SET seen_at = now() - interval '11 minutes'")
        try await store.prune()
        #expect(try await database.query("SELECT 1 FROM processes").isEmpty)
    }

    /// From the enabling on, versions that do not read it don't start; those that run are not in anybody's way.
    @Test func thereIsNoWayBack() async throws {
        let api = process("api")
        _ = try await store.register(api, reads: [old])
        #expect(try await store.enable(["new"], force: true) == ["new"])
        #expect(try await store.renew(api, reads: [old]) == ["new"])
        let late = process("late")
        await #expect(throws: FormatError.unknown(["new"])) { try await store.register(late, reads: [old]) }
        #expect(try await store.overview().processes.count == 1)
    }

    /// A version that does not register is known by what its connections are called.
    @Test func versionsBeforeAreSeen() async throws {
        let places = PrivateServers.places(in: TestPostgres.folder)
        let before = Database(
            loop: EventLoop(name: "before"),
            options: DatabaseOptions(
                connectionInfo: places.postgresURL() + " application_name=martlet", connections: 1))
        try await before.query("SELECT 1")
        let line = "a Martlet of a version before formats, with 1 connections from this machine"
        await #expect(throws: FormatError.inUse([line])) { try await store.enable(["new"], force: false) }
        #expect(try await store.overview().processes == [line])
        before.close()
        while try await !store.overview().processes.isEmpty { await Task.yield() }
        #expect(try await store.enable(["new"], force: false) == ["new"])
    }

    /// What a running process may write follows what is enabled.
    @Test func aProcessHearsOfIt() async throws {
        let formats = EnabledFormats(known: [old, new])
        let registration = ProcessRegistration(database: database, process("api"), formats)
        try await registration.begin()
        #expect(!formats.contains(new))
        _ = try await store.enable(["new"], force: false)
        registration.look()
        while !formats.contains(new) { await Task.yield() }
        #expect(!formats.contains(old))
        await registration.end()
        #expect(try await store.overview().processes == [])
    }
}
