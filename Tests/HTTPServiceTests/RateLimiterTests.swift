import Testing

@testable import HTTPService

@Suite struct RateLimiterTests {
    private let rate = RateLimiter.Rate(perMinute: 1, burst: 1)

    @Test func theSummaryHasTheNumbers() {
        #expect(RateLimits.summary.contains("for a user 1200 (300) reads and 180 (60) writes"))
    }

    @Test func whoGoesOnAskingIsNotForgotten() {
        let limiter = RateLimiter(name: "test_rates")
        #expect(limiter.take("guesser", rate) == nil)
        for stranger in 0..<3 * RateLimiter.most {
            _ = limiter.take("\(stranger)", rate)
            if stranger % 40_000 == 0 { #expect(limiter.take("guesser", rate) != nil) }
        }
        #expect(limiter.length <= RateLimiter.most)
    }

    /// What turns out to cost more than there was has to be made up for, but a bucket's worth at most.
    @Test func whatIsChargedMakesADebt() throws {
        let limiter = RateLimiter(name: "test_charges")
        let rate = RateLimiter.Rate(perMinute: 60, burst: 10)
        #expect(limiter.take("a", rate) == nil)
        limiter.charge("a", rate, cost: 5)
        #expect(limiter.look("a", rate) == nil)
        limiter.charge("a", rate, cost: 8)
        let wait = try #require(limiter.look("a", rate))
        #expect((4...5).contains(wait))
        limiter.charge("a", rate, cost: 1000)
        #expect((10...11).contains(try #require(limiter.take("a", rate))))
        #expect(limiter.take("b", rate) == nil)
    }

    @Test func aHandleIsNotTakenForAnAddress() throws {
        let limits = RouteLimits(areOn: true)
        for text in ["alice", "alice 4:cb007105", "4:cb007105 alice", "own 4:cb007105 alice"] {
            for _ in 0..<100 { try? limits.checkLogIn(handle: text, from: "4:01020304", isKnown: false) }
        }
        try limits.checkLogIn(handle: "alice", from: "4:cb007105", isKnown: true)
    }

    @Test func oneTokenFromEachBucketOrNone() {
        let limiter = RateLimiter(name: "test_rates")
        let (once, twice) = (RateLimiter.Rate(perHour: 1, burst: 1), RateLimiter.Rate(perHour: 1, burst: 2))
        #expect(limiter.take([("a", once), ("b", twice)]) == nil)
        for _ in 0..<3 { #expect(limiter.take([("a", once), ("b", twice)])! > 3500) }
        #expect(limiter.take("b", twice) == nil)
        #expect(limiter.take("b", twice) != nil)
    }

    /// How many of so many log-ins are let through.
    private func passed(_ limits: RouteLimits, _ addresses: some Sequence<String>, isKnown: Bool = false) -> Int {
        addresses.count { (try? limits.checkLogIn(handle: "alice", from: $0, isKnown: isKnown)) != nil }
    }

    @Test func oneStrangerLeavesATryToEveryOtherAddress() {
        let limits = RouteLimits(areOn: true)
        let stranger = passed(limits, repeatElement("4:1020304", count: 50))
        // Its share, and its own try.
        #expect(stranger == 11)
        #expect(passed(limits, ["4:5060708"]) == 1)
        #expect(passed(limits, ["4:5060708"]) == 0)
        #expect(passed(limits, repeatElement("4:9080706", count: 20), isKnown: true) == 10)
    }

    @Test func manyAddressesAreBounded() {
        let one = RouteLimits(areOn: true)
        // A customer with an IPv6 /48, who has 65,536 networks.
        let customer = (0..<1000).map { "6:" + String(0x2001_0db8_0001_0000 + $0, radix: 16) }
        #expect(passed(one, customer) == 30)
        #expect(passed(one, ["6:20010db800020000"]) == 1)
        let all = RouteLimits(areOn: true)
        let botnet = (0..<1000).map { "4:" + String(0x0101_0101 + $0 << 8, radix: 16) }
        #expect(passed(all, botnet) == 210)
        #expect(passed(all, ["4:5060708"], isKnown: true) == 1)
    }
}
