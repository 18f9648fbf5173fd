import Testing

@testable import Core

/// A share that expectations may change.
private final class Share {
    private var value: FairShare

    init(total: Int, most: Int = .max) { value = FairShare(total: total, most: most) }

    var used: Int { value.used }
    var holders: Int { value.holders }
    func take(_ amount: Int, for holder: FairShare.Holder) -> Bool { value.take(amount, for: holder) }
    func give(_ amount: Int, of holder: FairShare.Holder) { value.give(amount, of: holder) }

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

    /// However many have taken all they may: the next one gets something, and as much as is left after it.
    @Test func thereIsRoomForTheNext() {
        let share = Share(total: 1024)
        let parts = (1...9).map { share.fill(holder("192.0.2.\($0)")) }
        #expect(parts == [512, 256, 128, 64, 32, 16, 8, 4, 2])
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

    /// Who stands for many has no share of its own, only the rest.
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

    @Test func anIPv6NetworkIsOneHolder() {
        let share = Share(total: 100)
        #expect(share.fill(holder("2001:db8::1")) == 50)
        #expect(share.fill(holder("2001:db8::ffff:2")) == 0)
        #expect(share.fill(holder("2001:db8:0:1::1")) == 25)
    }

    /// A few networks of a site may be a few customers; a great many are one.
    @Test func aSiteWithManyNetworksIsOneHolder() {
        let share = Share(total: 1000)
        for network in 0..<16 {
            #expect(share.take(40, for: holder("2001:db8:0:\(String(network, radix: 16))::1")))
        }
        #expect(!share.take(1, for: holder("2001:db8:0:10::1")))
        #expect(share.take(1, for: holder("2001:db8:1::1")))
        // Of those that it has, one may still grow.
        #expect(share.take(1, for: holder("2001:db8:0:f::1")))
        share.give(40, of: holder("2001:db8:0:1::1"))
        #expect(share.take(1, for: holder("2001:db8:0:10::1")))
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
