import Core
import Testing

@testable import HTTPService

@Suite struct RateLimiterTests {
    @Test func theSummaryHasTheNumbers() {
        #expect(RateLimits.summary.contains("for a user 1200 (300) reads and 180 (60) writes"))
    }

    @Test func theClockIsRead() {
        let clock = ManualClock(milliseconds: 1_000_000)
        let limiter = RateLimiter(name: "test_rates", clock: clock)
        let rate = RateLimiter.Rate(perMinute: 60, burst: 1)
        #expect(limiter.take("a", rate) == nil)
        #expect(limiter.take("a", rate) == 1)
        clock.advance(milliseconds: 1000)
        #expect(limiter.look("a", rate) == nil)
        limiter.charge("a", rate, cost: 1.5)
        #expect(limiter.take("a", rate) == 2)
    }
}
