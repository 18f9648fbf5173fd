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

    @Test func oneTokenFromEachBucketOrNone() {
        let limiter = RateLimiter(name: "test_rates")
        let (once, twice) = (RateLimiter.Rate(perHour: 1, burst: 1), RateLimiter.Rate(perHour: 1, burst: 2))
        #expect(limiter.take([("a", once), ("b", twice)]) == nil)
        for _ in 0..<3 { #expect(limiter.take([("a", once), ("b", twice)])! > 3500) }
        #expect(limiter.take("b", twice) == nil)
        #expect(limiter.take("b", twice) != nil)
    }
}
