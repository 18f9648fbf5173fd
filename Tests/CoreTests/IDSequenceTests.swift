import Core
import Testing

/// All times below are in milliseconds since the origin.
@Suite struct IDSequenceTests {
    private let origin = ID.originMilliseconds

    private func time(_ id: ID) -> Int64 { id.milliseconds - origin }
    private func node(_ id: ID) -> Int64 { id.raw >> 6 & 63 }

    @Test func withoutANumberThereAreNoIds() {
        var ids = IDSequence()
        #expect(throws: IDsUnavailable.self) { try ids.next(now: origin + 1000) }
        ids.extend(until: origin + 5000)
        #expect(throws: IDsUnavailable.self) { try ids.next(now: origin + 1000) }
    }

    @Test func aGrantBoundsTheTimesOfIds() throws {
        var ids = IDSequence()
        ids.grant(node: 20, above: origin + 1000, until: origin + 2000)
        let first = try ids.next(now: origin + 500)
        #expect(time(first) == 1001 && node(first) == 20)
        #expect(time(try ids.next(now: origin + 2000)) == 2000)
        #expect(throws: IDsUnavailable.self) { try ids.next(now: origin + 2001) }
        // Nothing was used up: the clock may come back.
        #expect(time(try ids.next(now: origin + 1500)) == 2000)
    }

    @Test func theLastMillisecondHas64IdsAndNoMore() throws {
        var ids = IDSequence()
        ids.grant(node: 61, above: origin + 10, until: origin + 11)
        var made: [ID] = []
        for _ in 0..<64 { made.append(try ids.next(now: origin)) }
        #expect(Set(made).count == 64 && made == made.sorted() && made.allSatisfy { time($0) == 11 })
        #expect(throws: IDsUnavailable.self) { try ids.next(now: origin) }
        ids.extend(until: origin + 12)
        #expect(time(try ids.next(now: origin)) == 12)
    }

    @Test func anEarlierEndTakesNothingBack() throws {
        var ids = IDSequence()
        ids.grant(node: 16, above: origin, until: origin + 100)
        ids.extend(until: origin + 50)
        #expect(time(try ids.next(now: origin + 100)) == 100)
    }

    @Test func nothingComesAfterTheRevocation() throws {
        var ids = IDSequence()
        ids.grant(node: 16, above: origin, until: origin + 1000)
        _ = try ids.next(now: origin + 700)
        ids.revoke()
        #expect(throws: IDsUnavailable.self) { try ids.next(now: origin + 701) }
        #expect(ids.lastMilliseconds == origin + 700)
    }

    @Test func idsGrowWhenTheNumberChangesToALowerOne() throws {
        var ids = IDSequence()
        ids.grant(node: 60, above: origin, until: origin + 1000)
        let before = try ids.next(now: origin + 500)
        ids.revoke()
        ids.grant(node: 17, above: origin + 3, until: origin + 2000)
        let after = try ids.next(now: origin + 500)
        #expect(after > before && node(after) == 17)
    }

    @Test func aFixedNumberHasNoEnd() throws {
        var ids = IDSequence(node: 3)
        #expect(time(try ids.next(now: origin + 40_000_000_000)) == 40_000_000_000)
    }

    @Test func aClockBeforeTheOriginMakesSmallIds() throws {
        var ids = IDSequence()
        ids.grant(node: 16, above: 0, until: origin + 30_000)
        #expect(time(try ids.next(now: 5)) == 1)
    }
}
