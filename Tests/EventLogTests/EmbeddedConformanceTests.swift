import DomainRegistry
import EmbeddedLog
import EventLog
import Glibc
import Runtime
import Sidecars
import Store
import TestSupport
import Testing

/// A private PostgreSQL with the schema, started once for this process's tests.
enum TestPostgres {
    static let folder = TestFolder.path("log")

    static let database: Task<Database, any Error> = Task {
        let home = try DataFolder(folder, for: ServerAccount.find(), makes: true)
        let servers = try PrivateServers(in: home, needsPostgres: true, needsRedis: false)
        try servers.start()
        running = servers
        atexit {
            TestPostgres.running?.stop()
            _ = system("rm -rf \(TestPostgres.folder)")
        }
        let database = Database(
            loop: EventLoop(name: "test"),
            options: DatabaseOptions(connectionInfo: PrivateServers.places(in: folder).postgresURL(), connections: 8))
        _ = try await database.migrate(Domains.migrations)
        return database
    }

    nonisolated(unsafe) private static var running: PrivateServers?
}

/// The same promises as Kafka's.
@Suite(.serialized) struct EmbeddedConformanceTests {
    private let conformance: Conformance

    init() async throws {
        let database = try await TestPostgres.database.value
        conformance = Conformance(
            log: LogUnderTest(
                make: { EmbeddedLog(database: database) },
                abandon: { await ($0 as! EmbeddedSubscription).abandon() }))
    }

    @Test func topicsAreMadeOnce() async throws { try await conformance.topicsAreMadeOnce() }
    @Test func topicsGrow() async throws { try await conformance.topicsGrow() }
    @Test func keysKeepTheirOrder() async throws { try await conformance.keysKeepTheirOrder() }
    @Test func failedBatchesComeAgain() async throws { try await conformance.failedBatchesComeAgain() }
    @Test func aFailureStopsItsPartitionOnly() async throws { try await conformance.aFailureStopsItsPartitionOnly() }
    @Test func positionStaysAfterClose() async throws { try await conformance.positionStaysAfterClose() }
    @Test func nothingIsLostByAKill() async throws { try await conformance.nothingIsLostByAKill() }
    @Test func partitionsRunSideBySide() async throws { try await conformance.partitionsRunSideBySide() }
    @Test func recordsStayIntact() async throws { try await conformance.recordsStayIntact() }
    @Test func eachGroupGetsAll() async throws { try await conformance.eachGroupGetsAll() }
    @Test func closeWaitsForTheHandler() async throws { try await conformance.closeWaitsForTheHandler() }
    @Test func itIsKnownHowOldRecordsAre() async throws { try await conformance.itIsKnownHowOldRecordsAre() }
    @Test func aTurnIsNeverBesideABatch() async throws { try await conformance.aTurnIsNeverBesideABatch() }
    @Test func poisonIsADeadLetter() async throws { try await conformance.poisonIsADeadLetter() }
    @Test func whatFailsComesAgainWithItsKey() async throws { try await conformance.whatFailsComesAgainWithItsKey() }
    @Test func anOutageParksNothing() async throws { try await conformance.anOutageParksNothing() }
    @Test func attemptsSurviveAKill() async throws { try await conformance.attemptsSurviveAKill() }
    @Test func theDeadComeBackOnce() async throws { try await conformance.theDeadComeBackOnce() }
    @Test func aClosedLogSaysSo() async throws { try await conformance.aClosedLogSaysSo() }
}
