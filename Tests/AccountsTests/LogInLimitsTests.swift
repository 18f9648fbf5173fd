import Testing

@testable import Accounts

@Suite struct LogInLimitsTests {
    @Test func aHandleIsNotTakenForAnAddress() throws {
        let limits = LogInLimits(areOn: true)
        for text in ["alice", "alice 4:cb007105", "4:cb007105 alice", "own 4:cb007105 alice"] {
            for _ in 0..<100 { try? limits.checkLogIn(handle: text, from: "4:01020304", isKnown: false) }
        }
        try limits.checkLogIn(handle: "alice", from: "4:cb007105", isKnown: true)
    }

    /// How many of so many log-ins are let through.
    private func passed(_ limits: LogInLimits, _ addresses: some Sequence<String>, isKnown: Bool = false) -> Int {
        addresses.count { (try? limits.checkLogIn(handle: "alice", from: $0, isKnown: isKnown)) != nil }
    }

    @Test func oneStrangerLeavesATryToEveryOtherAddress() {
        let limits = LogInLimits(areOn: true)
        let stranger = passed(limits, repeatElement("4:1020304", count: 50))
        // Its share, and its own try.
        #expect(stranger == 11)
        #expect(passed(limits, ["4:5060708"]) == 1)
        #expect(passed(limits, ["4:5060708"]) == 0)
        #expect(passed(limits, repeatElement("4:9080706", count: 20), isKnown: true) == 10)
    }

    @Test func manyAddressesAreBounded() {
        let one = LogInLimits(areOn: true)
        // A customer with an IPv6 /48, who has 65,536 networks.
        let customer = (0..<1000).map { "6:" + String(0x2001_0db8_0001_0000 + $0, radix: 16) }
        #expect(passed(one, customer) == 30)
        #expect(passed(one, ["6:20010db800020000"]) == 1)
        let all = LogInLimits(areOn: true)
        let botnet = (0..<1000).map { "4:" + String(0x0101_0101 + $0 << 8, radix: 16) }
        #expect(passed(all, botnet) == 210)
        #expect(passed(all, ["4:5060708"], isKnown: true) == 1)
    }
}
