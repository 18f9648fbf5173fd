import EventLog
import Testing

@testable import Outbox

@Suite struct RelayPaceTests {
    private let second: UInt64 = 1_000_000_000

    private func waiting(_ records: Int, age: Int = 0) -> LogBacklog { LogBacklog(records: records, age: age) }

    @Test func aLookHoldsForATenthOfASecond() {
        var pace = RelayPace()
        #expect(pace.mustLook(now: 0))
        #expect(pace.admits(waiting(0), now: second) == true)
        #expect(!pace.mustLook(now: second + 100_000_000))
        #expect(pace.mustLook(now: second + 100_000_001))
    }

    @Test func readersThatAreBehindGetNothing() {
        var pace = RelayPace()
        #expect(pace.admits(waiting(599), now: second) == true)
        #expect(pace.admits(waiting(600), now: 2 * second) == false)
        // They are looked at again before anything is moved.
        #expect(pace.mustLook(now: 2 * second))
    }

    @Test func whenTheFirstHasWaitedSomeAreEnough() {
        var pace = RelayPace()
        #expect(pace.admits(waiting(599, age: 300), now: second) == true)
        #expect(pace.admits(waiting(50, age: 301), now: second) == false)
        #expect(pace.admits(waiting(49, age: 60_000), now: second) == true)
    }

    @Test func behindAFullBatchIsALook() {
        var pace = RelayPace()
        #expect(pace.admits(waiting(0), now: second) == true)
        pace.moved(RelayPace.batch - 1)
        #expect(!pace.mustLook(now: second))
        pace.moved(RelayPace.batch)
        #expect(pace.mustLook(now: second))
    }
}
