import Testing

@testable import Outbox

@Suite struct GaugeFloorTests {
    private let second: UInt64 = 1_000_000_000

    private func look(
        _ floor: inout GaugeFloor, at now: UInt64, first: Int64?, given: Int64, took: UInt64 = 0
    ) -> Int64 {
        let look = floor.look(now: now)
        floor.saw(first: first, given: given, look, now: now + took)
        return look.floor
    }

    @Test func aLookBeginsALittleBelowTheLast() {
        var floor = GaugeFloor()
        #expect(look(&floor, at: second, first: 2000, given: 9000) == 0)
        #expect(look(&floor, at: 2 * second, first: 2100, given: 9000) == 1500)
        // Nothing was found: all ids that were given are gone, or not committed yet.
        #expect(look(&floor, at: 3 * second, first: nil, given: 9000) == 1600)
        #expect(look(&floor, at: 4 * second, first: nil, given: 9000) == 8500)
    }

    @Test func fewIdsAreLookedAtFromTheStart() {
        var floor = GaugeFloor()
        for time in 1...5 { #expect(look(&floor, at: UInt64(time) * second, first: 3, given: 400) == 0) }
    }

    @Test func nowAndThenItLooksFromTheStart() {
        var floor = GaugeFloor()
        #expect(look(&floor, at: second, first: 2000, given: 9000) == 0)
        #expect(look(&floor, at: 10 * second, first: 2000, given: 9000) == 1500)
        #expect(look(&floor, at: 11 * second, first: 2000, given: 9000) == 0)
        #expect(look(&floor, at: 12 * second, first: 2000, given: 9000) == 1500)
    }

    @Test func aFullLookThatTakesLongIsRare() {
        var floor = GaugeFloor()
        #expect(look(&floor, at: second, first: 2000, given: 9000, took: 2 * second) == 0)
        #expect(look(&floor, at: 200 * second, first: 2000, given: 9000) == 1500)
        #expect(look(&floor, at: 201 * second, first: 2000, given: 9000) == 0)
    }

    /// A look that never ended is not made up for at once.
    @Test func aFailedFullLookIsNotRepeatedAtOnce() {
        var floor = GaugeFloor()
        _ = floor.look(now: second)
        #expect(look(&floor, at: 2 * second, first: 2000, given: 9000) == 0)
        #expect(look(&floor, at: 3 * second, first: 2000, given: 9000) == 1500)
    }
}
