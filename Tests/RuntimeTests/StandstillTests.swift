import Testing

@testable import Runtime

@Suite struct StandstillTests {
    @Test func whoStoodStillReadsFirst() {
        var standstill = Standstill(longest: 100, grace: 50)
        let times: [UInt64] = [1000, 1100, 1150, 1251, 1300, 1301, 1402]
        // One of 101 with its grace, and another one.
        #expect(times.map { standstill.isRecent(now: $0) } == [false, false, false, true, true, false, true])
    }
}
