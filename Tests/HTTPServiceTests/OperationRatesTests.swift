import Core
import Testing

@testable import HTTPService

@Suite struct OperationRatesTests {
    private let ann = ID(raw: 5)

    private func operation(
        _ method: Operation.Method = .get, rate: RateClass? = nil, addressRate: RateLimiter.Rate? = nil
    ) -> Operation {
        Operation(
            method, "/things", id: "things", tag: Tag("things", "Things"), "Things", rate: rate,
            addressRate: addressRate, responses: [.noContent("Done.")]
        ) { _ in .noContent }
    }

    /// Keys with their rates, as people are told them.
    private func buckets(_ operation: Operation, user: ID? = nil) -> [String] {
        operation.buckets(user: user, address: "4:7f000001").map { "\($0.key): \($0.rate)" }
    }

    @Test func whoIsSignedInIsCountedByUserAndWithTheCrowd() {
        #expect(buckets(operation(), user: ann) == ["read u5: 1200 (300)", "read c4:7f000001: 24000 (6000)"])
        #expect(buckets(operation(.put), user: ann) == ["write u5: 180 (60)", "write c4:7f000001: 3600 (1200)"])
    }

    @Test func whoIsNotIsCountedByAddress() {
        #expect(buckets(operation()) == ["read a4:7f000001: 1200 (300)"])
        #expect(buckets(operation(.post)) == ["write a4:7f000001: 180 (60)"])
        #expect(buckets(operation(.post, rate: .auth)) == ["auth a4:7f000001: 600 (300)"])
    }

    /// A crowd at one address does not use up what a stranger there has, nor the other way round.
    @Test func theCrowdAndStrangersHaveBucketsOfTheirOwn() {
        let keys = operation().buckets(user: ann, address: "x").map(\.key)
        #expect(Set(keys).isDisjoint(with: operation().buckets(user: nil, address: "x").map(\.key)))
    }

    @Test func whatBurnsTimeHasALimitOfItsOwn() {
        let logIn = operation(.post, rate: .auth, addressRate: .init(perMinute: 120, burst: 120))
        #expect(buckets(logIn) == ["auth a4:7f000001: 600 (300)", "things a4:7f000001: 120 (120)"])
    }

    @Test func whatIsFreeCountsNowhere() {
        #expect(buckets(operation(rate: .free), user: ann).isEmpty && buckets(operation(rate: .free)).isEmpty)
    }

    @Test func everyClassHasItsRates() {
        for rate in RateClass.allCases where rate != .free {
            #expect(operation(rate: rate).buckets(user: ann, address: "x").count == 2)
            #expect(operation(rate: rate).buckets(user: nil, address: "x").count == 1)
        }
    }
}
