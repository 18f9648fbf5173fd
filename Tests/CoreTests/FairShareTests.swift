import Testing

@testable import Core

/// A share that expectations may change.
private final class Share {
    private var value: FairShare

    init(total: Int, most: Int = .max) { value = FairShare(total: total, most: most) }

    var used: Int { value.used }
    var holders: Int { value.holders }
    var largest: FairShare.Holder? { value.largest }
    func take(_ amount: Int, for holder: FairShare.Holder) -> Bool { value.take(amount, for: holder) }
    func give(_ amount: Int, of holder: FairShare.Holder) { value.give(amount, of: holder) }

    func amount(of holder: FairShare.Holder) -> Int { value.amount(of: holder) }
    func mustYield(_ large: FairShare.Holder, to small: FairShare.Holder, _ amount: Int) -> Bool {
        value.mustYield(large, to: small, amount)
    }

    /// One: false when nobody has to give it.
    func takeFromTheLargest(for holder: FairShare.Holder) -> Bool {
        guard let large = value.largest, value.mustYield(large, to: holder, 1) else { return false }
        value.pass(1, from: large, to: holder)
        return true
    }

    /// Takes one by one until it is refused.
    func fill(_ holder: FairShare.Holder) -> Int {
        var count = 0
        while take(1, for: holder) { count += 1 }
        return count
    }
}

@Suite struct FairShareTests {
    private func holder(_ address: String, user: Int64? = nil) -> FairShare.Holder {
        FairShare.Holder(address: IPAddress(address)!, user: user.map { ID(raw: $0) })
    }

    @Test func whoIsAloneGetsHalf() {
        let share = Share(total: 100)
        #expect(share.fill(holder("192.0.2.1")) == 50)
        #expect(share.used == 50)
    }

    /// One after the other they leave nothing, and nobody has given up anything yet.
    @Test func whoComesLateFindsLittle() {
        let share = Share(total: 1024)
        let parts = (1...11).map { share.fill(holder("192.0.2.\($0)")) }
        #expect(parts == [512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 0])
    }

    /// Those who came early yield to each that comes, until none has more than twice what another has.
    @Test func thereIsRoomForTheNext() {
        let share = Share(total: 1024)
        let all = (1...40).map { holder("192.0.2.\($0)") }
        for one in all { _ = share.fill(one) }
        #expect(all.suffix(20).allSatisfy { share.amount(of: $0) == 0 })
        for one in all.reversed() { while share.takeFromTheLargest(for: one) {} }
        #expect(share.used <= 1024)
        let amounts = all.map(share.amount)
        #expect(amounts.min()! >= 8 && amounts.max()! <= 2 * (amounts.min()! + 1))
    }

    /// Only to one who would still have less than half as much, and never to itself.
    @Test func theLargestYieldsToThoseWhoHaveMuchLess() {
        let share = Share(total: 100)
        let (large, small) = (holder("192.0.2.1", user: 1), holder("192.0.2.2", user: 2))
        #expect(share.largest == nil)
        #expect(share.take(40, for: large) && share.take(5, for: small))
        #expect(share.largest == holder("192.0.2.1"))
        #expect(share.mustYield(large, to: small, 14) && !share.mustYield(large, to: small, 15))
        #expect(!share.mustYield(large, to: large, 1))
        // Neither by another user at its address, nor from another address of its user's.
        #expect(!share.mustYield(large, to: holder("192.0.2.1", user: 3), 1))
        #expect(!share.mustYield(large, to: holder("192.0.2.9", user: 1), 1))
    }

    @Test func aUserMayBeTheLargest() {
        let share = Share(total: 100)
        for number in 1...4 { #expect(share.take(9, for: holder("192.0.2.\(number)", user: 7))) }
        #expect(share.take(10, for: holder("192.0.2.9", user: 8)))
        #expect(share.largest == FairShare.Holder(address: nil, user: ID(raw: 7)))
    }

    /// When the first lets go, those who took less may grow: at an equal rate all have the same.
    @Test func sharesBecomeEqual() {
        let share = Share(total: 90)
        let (a, b) = (holder("192.0.2.1"), holder("192.0.2.2"))
        for _ in 0..<90 {
            _ = share.take(1, for: a)
            _ = share.take(1, for: b)
        }
        #expect(share.used == 60)
        #expect(!share.take(1, for: a) && !share.take(1, for: b))
        share.give(30, of: a)
        #expect(share.used == 30)
        #expect(share.fill(b) == 15)
    }

    @Test func oneTakeOfManyIsTheSameAsManyOfOne() {
        let share = Share(total: 100)
        #expect(!share.take(51, for: holder("192.0.2.1")))
        #expect(share.used == 0)
        #expect(share.take(50, for: holder("192.0.2.1")))
        #expect(!share.take(101, for: FairShare.Holder(address: nil)))
    }

    @Test func aHolderMayHaveALowerLimit() {
        let share = Share(total: 100, most: 10)
        #expect(share.fill(holder("192.0.2.1")) == 10)
    }

    /// Who is shared by many has no share of its own, only the rest.
    @Test func withoutAnAddressOnlyTheTotalCounts() {
        let share = Share(total: 100)
        #expect(share.fill(FairShare.Holder(address: nil)) == 100)
    }

    @Test func aUserCountsFromWherever() {
        let share = Share(total: 100)
        let parts = (1...5).map { share.fill(holder("192.0.2.\($0)", user: 7)) }
        #expect(parts == [50, 0, 0, 0, 0])
        #expect(share.fill(holder("192.0.2.9", user: 8)) == 25)
    }

    /// One customer may have all of its networks.
    @Test func anIPv6SiteIsOneHolder() {
        let share = Share(total: 100)
        #expect(share.fill(holder("2001:db8::1")) == 50)
        for network in 1...20 {
            #expect(share.fill(holder("2001:db8:0:\(String(network, radix: 16))::1")) == 0)
        }
        #expect(share.fill(holder("2001:db8:1::1")) == 25)
    }

    @Test func nothingIsRememberedOfThoseWhoHaveGone() {
        let share = Share(total: 1000)
        for number in 0..<100 {
            let one = holder("2001:db8:\(number)::1", user: Int64(number + 1))
            #expect(share.take(5, for: one))
            share.give(2, of: one)
            share.give(3, of: one)
        }
        #expect(share.used == 0)
        #expect(share.holders == 0)
    }
}
