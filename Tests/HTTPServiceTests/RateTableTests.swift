import Testing

@testable import HTTPService

@Suite struct RateTableTests {
    private let second: UInt64 = 1_000_000_000
    private let hourly = RateLimiter.Rate(perHour: 1, burst: 1)
    /// One token a second, ten at once.
    private let quick = RateLimiter.Rate(perMinute: 60, burst: 10)

    private func taken(_ table: inout RateTable, _ times: Int, _ rate: RateLimiter.Rate, now: UInt64) -> Int {
        (0..<times).count { _ in table.take([("a", rate)], now: now) == nil }
    }

    @Test func aBucketIsFullAtFirstAndFillsWithTime() {
        var table = RateTable()
        #expect(taken(&table, 20, quick, now: 5 * second) == 10)
        #expect(table.take([("a", quick)], now: 5 * second) == 1)
        #expect(taken(&table, 20, quick, now: 8 * second) == 3)
        #expect(taken(&table, 20, quick, now: 500 * second) == 10)
    }

    @Test func itSaysHowLongToWait() {
        var table = RateTable()
        #expect(table.take([("a", hourly)], now: second) == nil)
        #expect(table.take([("a", hourly)], now: second) == 3600)
        #expect(table.take([("a", hourly)], now: 2701 * second) == 900)
        // Never 0: that would be an invitation to come back at once.
        #expect(table.take([("a", hourly)], now: 3600 * second + second / 2) == 1)
        #expect(table.take([("a", hourly)], now: 3601 * second) == nil)
    }

    @Test func oneTokenFromEachBucketOrNone() {
        var table = RateTable()
        let twice = RateLimiter.Rate(perHour: 1, burst: 2)
        #expect(table.take([("a", hourly), ("b", twice)], now: second) == nil)
        for _ in 0..<3 { #expect(table.take([("a", hourly), ("b", twice)], now: second) == 3600) }
        #expect(table.take([("b", twice)], now: second) == nil)
        #expect(table.take([("b", twice)], now: second) == 3600)
    }

    @Test func lookingTakesNothing() {
        var table = RateTable()
        for _ in 0..<3 { #expect(table.look("a", hourly, now: second) == nil) }
        #expect(table.take([("a", hourly)], now: second) == nil)
        #expect(table.look("a", hourly, now: second) == 3600)
    }

    /// What turns out to cost more than there was has to be made up for, but a bucket's worth at most.
    @Test func whatIsChargedMakesADebt() {
        var table = RateTable()
        #expect(table.take([("a", quick)], now: second) == nil)
        table.charge("a", quick, cost: 5, now: second)
        #expect(table.look("a", quick, now: second) == nil)
        table.charge("a", quick, cost: 8, now: second)
        #expect(table.look("a", quick, now: second) == 5)
        table.charge("a", quick, cost: 1000, now: second)
        #expect(table.look("a", quick, now: second) == 11)
        #expect(table.take([("a", quick)], now: 12 * second) == nil)
        #expect(table.take([("b", quick)], now: second) == nil)
    }

    /// Of two threads the one that has read the clock first may come second.
    @Test func aTimeBeforeTheLastGainsNothing() {
        var table = RateTable()
        #expect(taken(&table, 10, quick, now: 20 * second) == 10)
        #expect(table.take([("a", quick)], now: 10 * second) == 1)
        #expect(table.take([("a", quick)], now: 20 * second) == 1)
        #expect(table.take([("a", quick)], now: 21 * second) == nil)
    }

    @Test func whoGoesOnAskingIsNotForgotten() {
        var table = RateTable(most: 1000)
        #expect(table.take([("guesser", hourly)], now: second) == nil)
        for stranger in 0..<3000 {
            _ = table.take([("\(stranger)", hourly)], now: second)
            if stranger % 400 == 0 { #expect(table.take([("guesser", hourly)], now: second) != nil) }
            #expect(table.count <= 1000)
        }
        // Who has not come for so many others is as one who never came.
        #expect(table.take([("0", hourly)], now: second) == nil)
        #expect(table.take([("2999", hourly)], now: second) != nil)
    }
}
