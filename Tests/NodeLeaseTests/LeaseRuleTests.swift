import Testing

@testable import NodeLease

@Suite struct LeaseRuleTests {
    private func row(_ number: Int, _ token: String?, until: Int64, silent: Int64 = 0) -> NodeRow {
        NodeRow(number: number, token: token, idsUntil: until, silence: silent)
    }

    @Test func aNumberThatIsRenewedIsNotTaken() throws {
        let rows = [row(16, "a", until: 130_000, silent: 59_999), row(17, nil, until: 0)]
        #expect(try LeaseRule.choose(from: rows, now: 100_000).number == 17)
    }

    @Test func aSilentOneIsTaken() throws {
        let rows = [row(16, "a", until: 70_000, silent: 60_000), row(17, "b", until: 130_000, silent: 3000)]
        #expect(try LeaseRule.choose(from: rows, now: 100_000) == rows[0])
    }

    @Test func oneThatWasRenewedByAClockFarAheadIsTaken() throws {
        let rows = [row(16, "a", until: 90_000, silent: -3_600_000)]
        #expect(try LeaseRule.choose(from: rows, now: 100_000) == rows[0])
    }

    @Test func theOneThatWasUsedLastIsPreferredThenTheLowest() throws {
        let fresh = [row(16, nil, until: 0), row(17, nil, until: 0), row(18, nil, until: 0)]
        #expect(try LeaseRule.choose(from: fresh, now: 100_000).number == 16)
        let used = [row(16, nil, until: 0), row(17, nil, until: 50_000), row(18, nil, until: 60_000)]
        #expect(try LeaseRule.choose(from: used, now: 100_000).number == 18)
    }

    @Test func idsThatAreAheadOfTheClockLeaveANumberToOthers() throws {
        let rows = [row(16, nil, until: 101_001), row(17, nil, until: 20_000), row(18, nil, until: 101_000)]
        #expect(try LeaseRule.choose(from: rows, now: 100_000).number == 18)
        #expect(try LeaseRule.choose(from: rows, now: 99_999).number == 17)
    }

    @Test func whereAllThatAreFreeAreAheadTheClockIsToBlame() {
        let rows = [row(16, nil, until: 161_500), row(17, nil, until: 190_000), row(18, "a", until: 99_000)]
        #expect(throws: NodeLeaseError.clockIsBehind(milliseconds: 61_500)) {
            try LeaseRule.choose(from: rows, now: 100_000)
        }
        #expect(NodeLeaseError.clockIsBehind(milliseconds: 61_500).description.contains("62 s behind"))
    }

    @Test func whereNoneIsFreeTheErrorSaysWhatToDo() {
        let rows = (16...61).map { row($0, "a\($0)", until: 130_000, silent: 59_000) }
        #expect(throws: NodeLeaseError.allTaken(46)) { try LeaseRule.choose(from: rows, now: 100_000) }
        let message = NodeLeaseError.allTaken(46).description
        for part in ["all 46 node numbers", "id_nodes", "60 s", "MARTLET_NODE", "0 to 15"] {
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test func idsReachHalfAMinuteBeyondClockAndLastId() {
        #expect(LeaseRule.until(now: 100_000, last: 99_000) == 130_000)
        #expect(LeaseRule.until(now: 100_000, last: 3_700_000) == 3_730_000)
    }

    @Test func theTermsFitTogether() {
        // Two renewals may fail before ids end, and ids end before anybody else takes the number.
        #expect(LeaseRule.interval * 2 < LeaseRule.reach)
        #expect(LeaseRule.reach < LeaseRule.silence)
        #expect(!NodeNumbers.leased.contains(NodeNumbers.seed) && !NodeNumbers.leased.contains(NodeNumbers.tools))
        #expect(!NodeNumbers.leased.overlaps(NodeNumbers.settable))
    }
}
