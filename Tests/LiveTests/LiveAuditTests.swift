import Core
import Testing

@testable import Live

@Suite struct LiveAuditTests {
    @Test func eachHasATurnWithinTheTime() {
        var audit = LiveAudit(seconds: 3)
        for user: Int64 in 1...7 { audit.add(.feed(of: ID(raw: user))) }
        audit.add(.feed(of: ID(raw: 7)))
        let turns = (0..<3).map { _ in audit.due { _ in true } }
        #expect(turns.map(\.count) == [3, 3, 3])
        #expect(Set(turns.joined()) == Set((1...7).map { .feed(of: ID(raw: $0)) }))
    }

    @Test func whoIsGoneIsForgottenUntilHeComesBack() {
        var audit = LiveAudit(seconds: 1)
        audit.add(.feed(of: ID(raw: 1)))
        #expect(audit.due { _ in false }.isEmpty)
        #expect(audit.due { _ in true }.isEmpty)
        audit.add(.feed(of: ID(raw: 1)))
        #expect(audit.due { _ in true } == [.feed(of: ID(raw: 1))])
    }

    /// What comes late is no difference, nor is one who reads meanwhile.
    @Test func aDifferenceThatStaysIsOne() {
        var audit = LiveAudit(seconds: 1)
        for user: Int64 in 1...3 { audit.suspect(.feed(of: ID(raw: user)), mustHear: 10, now: 0) }
        let told: [LogKey: Int64] = [.feed(of: ID(raw: 1)): 9, .feed(of: ID(raw: 2)): 10]
        #expect(audit.silenced(now: LiveAudit.patience - 1) { told[$0] }.isEmpty)
        #expect(audit.silenced(now: LiveAudit.patience) { told[$0] } == [.feed(of: ID(raw: 1))])
        #expect(audit.silenced(now: 2 * LiveAudit.patience) { told[$0] }.isEmpty)
    }
}
