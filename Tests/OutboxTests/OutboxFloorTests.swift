import Testing

@testable import Outbox

/// The floor never passes an id that may still come.
struct OutboxFloorTests {
    private let second: UInt64 = 1_000_000_000

    /// Looks at `now` and finds `ids`; returns where the look began.
    private func look(
        _ floor: inout OutboxFloor, at now: UInt64, finds ids: [Int64], writers: Set<String> = []
    ) -> Int64 {
        let look = floor.look(now: now)
        floor.saw(ids, writers: look.asksForWriters ? writers : nil, look, now: now)
        return look.floor
    }

    @Test func itFollowsWhatWasRead() {
        var floor = OutboxFloor()
        #expect(look(&floor, at: second, finds: [5, 6, 7]) == 0)
        // Who writes now is asked for, and then whether they have ended.
        #expect(look(&floor, at: 2 * second, finds: []) == 0)
        #expect(look(&floor, at: 3 * second, finds: []) == 0)
        #expect(look(&floor, at: 4 * second, finds: [8]) == 7)
    }

    @Test func itWaitsForWhoWasWriting() {
        var floor = OutboxFloor()
        _ = look(&floor, at: second, finds: [5, 7])
        _ = look(&floor, at: 2 * second, finds: [], writers: ["3/14", "4/1"])
        #expect(look(&floor, at: 3 * second, finds: [9], writers: ["3/14"]) == 0)
        #expect(look(&floor, at: 4 * second, finds: [], writers: ["3/14", "9/9"]) == 0)
        // It has ended, and 6 was its event.
        #expect(look(&floor, at: 5 * second, finds: [6], writers: ["9/9"]) == 0)
        #expect(look(&floor, at: 6 * second, finds: [], writers: []) == 5)
    }

    @Test func whatIsNotDeletedYetIsFoundAgain() {
        var floor = OutboxFloor()
        for time in 1...5 { _ = look(&floor, at: UInt64(time) * second, finds: [5, 6, 7]) }
        #expect(look(&floor, at: 6 * second, finds: [5, 6, 7]) == 4)
    }

    @Test func nowAndThenItLooksFromTheStart() {
        var floor = OutboxFloor()
        for time in 1...4 { _ = look(&floor, at: UInt64(time) * second, finds: time == 1 ? [5] : []) }
        #expect(look(&floor, at: 5 * second, finds: []) == 5)
        #expect(look(&floor, at: 15 * second, finds: []) == 0)
        #expect(look(&floor, at: 16 * second, finds: []) > 0)
    }

    @Test func aFullLookThatTakesLongIsRare() {
        var floor = OutboxFloor()
        for time in 1...4 { _ = look(&floor, at: UInt64(time) * second, finds: time == 1 ? [5] : []) }
        let full = floor.look(now: 20 * second)
        #expect(full.floor == 0)
        floor.saw([], writers: [], full, now: 22 * second)
        #expect(look(&floor, at: 219 * second, finds: []) == 5)
        #expect(look(&floor, at: 221 * second, finds: []) == 0)
    }

    /// A restore, or a failover to a server that lags.
    @Test func aSequenceThatWasSetBackStartsAnew() {
        var floor = OutboxFloor()
        for time in 1...4 { _ = look(&floor, at: UInt64(time) * second, finds: time == 1 ? [100] : []) }
        #expect(look(&floor, at: 5 * second, finds: []) == 100)
        // The full look finds what is below.
        #expect(look(&floor, at: 20 * second, finds: [7]) == 0)
        #expect(look(&floor, at: 21 * second, finds: [7, 8]) == 0)
    }
}
