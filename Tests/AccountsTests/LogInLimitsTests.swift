import Core
import HTTPService
import Testing

@testable import Accounts

@Suite struct LogInLimitsTests {
    /// What is between the rule and its callers: the clock, and the problem.
    @Test func theClockIsRead() throws {
        let clock = ManualClock(milliseconds: 1_000_000)
        let limits = LogInLimits(areOn: true, clock: clock)
        for _ in 0..<10 { try limits.checkLogIn(handle: "alice", from: "4:1020304", isKnown: true) }
        let problem = #expect(throws: Problem.self) {
            try limits.checkLogIn(handle: "alice", from: "4:1020304", isKnown: true)
        }
        #expect(problem?.code == .rateLimited && problem?.retryAfter == 6)
        clock.advance(milliseconds: 6000)
        try limits.checkLogIn(handle: "alice", from: "4:1020304", isKnown: true)
        let off = LogInLimits(areOn: false, clock: clock)
        for _ in 0..<20 { try off.checkLogIn(handle: "alice", from: "4:1020304", isKnown: true) }
    }
}
