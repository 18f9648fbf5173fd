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
        limits.wasOpened(handle: "alice", from: "4:cb007105")
        for text in ["alice", "alice 4:cb007105", "4:cb007105 alice", "known 4:cb007105 alice"] {
            for _ in 0..<100 { try? limits.checkLogIn(handle: text, from: "4:01020304") }
        }
        try limits.checkLogIn(handle: "alice", from: "4:cb007105")
    }
}
