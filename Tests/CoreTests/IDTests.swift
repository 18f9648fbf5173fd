import Core
import Testing

@Suite struct IDTests {
    @Test func growsStrictlyWhenTheClockStandsOrStepsBack() throws {
        let clock = ManualClock(milliseconds: ID.originMilliseconds + 1000)
        let ids = IDGenerator(node: 5, clock: clock)
        var last = ID.zero
        for round in 0..<1000 {
            if round == 500 { clock.advance(milliseconds: -400) }
            let next = try ids.next()
            #expect(next > last)
            last = next
        }
    }

    @Test func carriesTimeAndNode() throws {
        let time = ID.originMilliseconds + 123_456_789
        let id = try IDGenerator(node: 63, clock: ManualClock(milliseconds: time)).next()
        #expect(id.milliseconds == time)
        #expect(id.raw >> 6 & 63 == 63)
        #expect(ID(firstOf: time) <= id)
    }

    @Test func staysExactAsADoubleForDecades() {
        let in2090 = ID(firstOf: 3_786_912_000_000)
        #expect(in2090 < .max)
        #expect(Int64(Double(ID.max.raw)) == ID.max.raw)
    }

    @Test(arguments: ["", "-1", "+1", "01", " 1", "1 ", "9007199254740992", "1e3", "१", "99999999999999999999"])
    func refuses(_ text: String) {
        #expect(ID(text) == nil)
    }

    @Test(arguments: ["0", "1", "9007199254740991"])
    func reads(_ text: String) {
        #expect(ID(text)?.description == text)
    }

    @Test func bucketsSpreadUsersEvenly() throws {
        let ids = IDGenerator(node: 0, clock: ManualClock(milliseconds: ID.originMilliseconds + 5_000_000))
        var counts = [Int](repeating: 0, count: 16)
        let partitions = Partitions(count: 16)
        for _ in 0..<16_000 { counts[partitions.of(try ids.next())] += 1 }
        #expect(counts.allSatisfy { (800...1200).contains($0) })
    }

    @Test func partitionsAreRangesOfBuckets() throws {
        let ids = IDGenerator(node: 0, clock: SystemClock())
        for _ in 0..<1000 {
            let user = try ids.next()
            #expect(Partitions(count: 64).of(user) / 4 == Partitions(count: 16).of(user))
            #expect(Partitions(count: 1024).of(user) == Bucket.of(user))
        }
    }
}
