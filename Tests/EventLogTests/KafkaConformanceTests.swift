import EventLog
import Testing

/// One after the other: they share two cores and a broker.
@Suite(.serialized)
struct KafkaTests {
    @Suite(.serialized)
    struct ConformanceOfKafka {
        private let conformance: Conformance

        init() throws {
            let broker = try TestBroker.shared.get()
            conformance = Conformance(
                log: LogUnderTest(
                    make: { try broker.makeLog() }, abandon: { await $0.abandon() }))
        }

        @Test func topicsAreMadeOnce() async throws { try await conformance.topicsAreMadeOnce() }
        /// The mock has no such request.
        @Test(.enabled(if: TestBroker.isReal)) func topicsGrow() async throws { try await conformance.topicsGrow() }
        @Test func keysKeepTheirOrder() async throws { try await conformance.keysKeepTheirOrder() }
        @Test func failedBatchesComeAgain() async throws { try await conformance.failedBatchesComeAgain() }
        @Test func aFailureStopsItsPartitionOnly() async throws {
            try await conformance.aFailureStopsItsPartitionOnly()
        }
        @Test func positionStaysAfterClose() async throws { try await conformance.positionStaysAfterClose() }
        @Test func nothingIsLostByAKill() async throws { try await conformance.nothingIsLostByAKill() }
        @Test func partitionsRunSideBySide() async throws { try await conformance.partitionsRunSideBySide() }
        @Test func recordsStayIntact() async throws { try await conformance.recordsStayIntact() }
        @Test func eachGroupGetsAll() async throws { try await conformance.eachGroupGetsAll() }
        @Test func closeWaitsForTheHandler() async throws { try await conformance.closeWaitsForTheHandler() }
        /// The mock does not look at times.
        @Test(.enabled(if: TestBroker.isReal)) func itIsKnownHowOldRecordsAre() async throws {
            try await conformance.itIsKnownHowOldRecordsAre()
        }
        @Test func aTurnIsNeverBesideABatch() async throws { try await conformance.aTurnIsNeverBesideABatch() }
        /// The mock ends when a private PostgreSQL starts beside it.
        @Test(.enabled(if: TestBroker.isReal)) func poisonIsADeadLetter() async throws {
            try await conformance.poisonIsADeadLetter()
        }
        @Test(.enabled(if: TestBroker.isReal)) func whatFailsComesAgainWithItsKey() async throws {
            try await conformance.whatFailsComesAgainWithItsKey()
        }
        @Test(.enabled(if: TestBroker.isReal)) func anOutageParksNothing() async throws {
            try await conformance.anOutageParksNothing()
        }
        @Test(.enabled(if: TestBroker.isReal)) func attemptsSurviveAKill() async throws {
            try await conformance.attemptsSurviveAKill()
        }
        @Test(.enabled(if: TestBroker.isReal)) func theDeadComeBackOnce() async throws {
            try await conformance.theDeadComeBackOnce()
        }
        @Test func aClosedLogSaysSo() async throws { try await conformance.aClosedLogSaysSo() }
    }
}
