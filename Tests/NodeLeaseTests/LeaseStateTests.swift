import Testing

@testable import NodeLease

@Suite struct LeaseStateTests {
    private func at(_ steady: Int64, wall: Int64? = nil) -> LeaseState.Time {
        LeaseState.Time(wall: wall ?? 1_000_000 + steady, steady: steady)
    }

    private func holder(since steady: Int64 = 0) -> (LeaseState, Lease) {
        var state = LeaseState()
        let lease = Lease(number: 16, token: "a", idsUntil: 1_030_000 + steady)
        state.took(lease, at: at(steady))
        return (state, lease)
    }

    @Test func whoHasNoNumberTakesOne() {
        #expect(LeaseState().action(at: at(0), last: 0) == .take)
    }

    @Test func aNumberIsRenewedEveryTenSeconds() {
        var (state, lease) = holder()
        #expect(state.action(at: at(9999), last: 0) == .nothing)
        #expect(state.action(at: at(10_000), last: 0) == .renew(lease, until: 1_040_000))
        state.renewed(until: 1_040_000, at: at(10_050))
        lease.idsUntil = 1_040_000
        #expect(state.action(at: at(20_000), last: 0) == .nothing)
        #expect(state.action(at: at(20_050), last: 0) == .renew(lease, until: 1_050_050))
    }

    @Test func aClockThatWasSetForwardRenewsAtOnce() {
        let (state, lease) = holder()
        #expect(state.action(at: at(500, wall: 4_600_500), last: 0) == .renew(lease, until: 4_630_500))
    }

    @Test func aClockThatWasSetBackRenewsByTheSteadyOneAndTakesNothingBack() {
        var (state, lease) = holder()
        #expect(state.action(at: at(5000, wall: 1000), last: 1_002_000) == .nothing)
        #expect(state.action(at: at(10_000, wall: 6000), last: 1_002_000) == .renew(lease, until: 1_032_000))
        state.renewed(until: 1_000, at: at(10_000, wall: 6000))
        #expect(state.lease?.idsUntil == lease.idsUntil)
        lease.idsUntil = 0
    }

    @Test func idsThatRunAheadOfTheClockAreGivenRoom() {
        let (state, lease) = holder()
        #expect(state.action(at: at(100), last: 1_010_001) == .renew(lease, until: 1_040_001))
    }

    @Test func afterAFailureThereIsAPauseOfASecond() {
        var (state, lease) = holder()
        state.failed(at: at(10_000))
        #expect(state.failures == 1)
        #expect(state.action(at: at(10_999), last: 0) == .nothing)
        #expect(state.action(at: at(11_000), last: 0) == .renew(lease, until: 1_041_000))
        state.renewed(until: 1_041_000, at: at(11_000))
        lease.idsUntil = 1_041_000
        #expect(state.failures == 0 && state.lease == lease)
    }

    @Test func whoHasLostItTakesAnother() {
        var (state, _) = holder()
        state.lost()
        #expect(state.lease == nil && state.action(at: at(100), last: 0) == .take)
        state.failed(at: at(100))
        #expect(state.action(at: at(1099), last: 0) == .nothing)
        #expect(state.action(at: at(1100), last: 0) == .take)
    }
}
