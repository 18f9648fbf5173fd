import Testing

@testable import Accounts

@Suite struct LogInRatesTests {
    private let second: UInt64 = 1_000_000_000

    /// How many of so many log-ins are let through.
    private func passed(
        _ rates: inout LogInRates, _ addresses: some Sequence<String>, isKnown: Bool = false, now: UInt64 = 0
    ) -> Int {
        addresses.count { rates.check(handle: "alice", from: $0, isKnown: isKnown, now: now) == nil }
    }

    @Test func oneStrangerLeavesATryToEveryOtherAddress() {
        var rates = LogInRates()
        let stranger = passed(&rates, repeatElement("4:1020304", count: 50))
        // Its share, and its own try.
        #expect(stranger == 11)
        #expect(passed(&rates, ["4:5060708"]) == 1)
        #expect(passed(&rates, ["4:5060708"]) == 0)
        #expect(passed(&rates, repeatElement("4:9080706", count: 20), isKnown: true) == 10)
    }

    @Test func theShareFillsByTheMinuteAndATryByTheHour() {
        var rates = LogInRates()
        _ = passed(&rates, repeatElement("4:1020304", count: 50))
        #expect(rates.check(handle: "alice", from: "4:1020304", isKnown: false, now: 0) == 6)
        #expect(passed(&rates, repeatElement("4:1020304", count: 50), now: 60 * second) == 10)
        // The share is used up again, and its own try is not there yet.
        #expect(passed(&rates, ["4:1020304"], now: 60 * second) == 0)
        #expect(passed(&rates, repeatElement("4:1020304", count: 50), now: 3700 * second) == 11)
    }

    @Test func manyAddressesAreBounded() {
        var one = LogInRates()
        // A customer with an IPv6 /48, who has 65,536 networks.
        let customer = (0..<1000).map { "6:" + String(0x2001_0db8_0001_0000 + $0, radix: 16) }
        #expect(passed(&one, customer) == 30)
        #expect(passed(&one, ["6:20010db800020000"]) == 1)
        var all = LogInRates()
        let botnet = (0..<1000).map { "4:" + String(0x0101_0101 + $0 << 8, radix: 16) }
        #expect(passed(&all, botnet) == 210)
        #expect(passed(&all, ["4:5060708"], isKnown: true) == 1)
    }

    @Test func aHandleIsNotTakenForAnAddress() {
        var rates = LogInRates()
        for text in ["alice", "alice 4:cb007105", "4:cb007105 alice", "own 4:cb007105 alice"] {
            for _ in 0..<100 { _ = rates.check(handle: text, from: "4:01020304", isKnown: false, now: 0) }
        }
        #expect(rates.check(handle: "alice", from: "4:cb007105", isKnown: true, now: 0) == nil)
    }

    @Test func networks() {
        #expect(LogInRates.network(of: "4:cb007105") == LogInRates.network(of: "4:cb0071ff"))
        #expect(LogInRates.network(of: "4:cb007105") != LogInRates.network(of: "4:cb007205"))
        #expect(LogInRates.network(of: "6:20010db800010000") == LogInRates.network(of: "6:20010db80001ffff"))
        #expect(LogInRates.network(of: "6:20010db800010000") != LogInRates.network(of: "6:20010db800020000"))
        #expect(LogInRates.network(of: "/run/socket") == "/run/socket")
    }
}
