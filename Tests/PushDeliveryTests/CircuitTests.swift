import Testing

@testable import PushDelivery

@Suite struct CircuitTests {
    private let rule = Circuit.Rule()

    /// Failures, one a second, until it opens.
    private func failing(_ count: Int) -> Circuit {
        var circuit = Circuit()
        for time in 1...count {
            _ = circuit.learn(.failed, began: Int64(time) * 1000 - 10, wasProbe: false, now: Int64(time) * 1000, rule)
        }
        return circuit
    }

    @Test func opensAfterFailuresInARow() {
        #expect(failing(3).wait(now: 3000) == nil)
        let circuit = failing(4)
        #expect(circuit.wait(now: 4000) == 5000 && circuit.wait(now: 8999) == 1 && circuit.wait(now: 9000) == nil)
        #expect(circuit.cause == .failing)
        var broken = failing(3)
        let changed = broken.learn(.good, began: 7000, wasProbe: false, now: 7500, rule)
        #expect(!changed && broken.isIdle)
        _ = broken.learn(.failed, began: 8000, wasProbe: false, now: 8001, rule)
        #expect(broken.wait(now: 8001) == nil)
    }

    /// A connection breaks with all that is on it: that is one failure.
    @Test func whatFailsTogetherCountsOnce() {
        var circuit = Circuit()
        for time in 0..<100 { _ = circuit.learn(.failed, began: 990, wasProbe: false, now: 1000 + Int64(time), rule) }
        #expect(circuit.wait(now: 1100) == nil)
        for began in [1200, 1400, 1600] as [Int64] {
            #expect(circuit.wait(now: began) == nil)
            for _ in 0..<100 { _ = circuit.learn(.failed, began: began, wasProbe: false, now: began + 100, rule) }
        }
        #expect(circuit.wait(now: 1700) == 5000)
    }

    @Test func aProbeAtATime() {
        var circuit = failing(4)
        let isProbe = circuit.start(now: 13_000, rule)
        #expect(isProbe && circuit.wait(now: 13_001) == 5000)
        let hasClosed = circuit.learn(.good, began: 13_000, wasProbe: true, now: 13_100, rule)
        #expect(hasClosed && circuit.isIdle && circuit.wait(now: 13_100) == nil)
    }

    @Test func pausesGrow() {
        var circuit = failing(4)
        var now: Int64 = 4000
        var pauses: [Int64] = []
        for _ in 0..<8 {
            let wait = circuit.wait(now: now)!
            pauses.append(wait)
            now += wait
            _ = circuit.start(now: now, rule)
            _ = circuit.learn(.failed, began: now, wasProbe: true, now: now + 10, rule)
            now += 10
        }
        #expect(pauses == [5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
    }

    @Test func aProbeThatSaysNothing() {
        var circuit = failing(4)
        _ = circuit.start(now: 13_000, rule)
        _ = circuit.learn(.unknown, began: 13_000, wasProbe: true, now: 13_010, rule)
        #expect(circuit.wait(now: 13_010) == nil && circuit.cause == .failing)
        _ = circuit.start(now: 13_020, rule)
        // It never comes back.
        #expect(circuit.wait(now: 73_019) == 1 && circuit.wait(now: 73_020) == nil)
    }

    @Test func whatWasUnderWayCantCloseIt() {
        var circuit = Circuit()
        let hasOpened = circuit.learn(.refused, began: 900, wasProbe: false, now: 1000, rule)
        #expect(hasOpened && circuit.wait(now: 1000) == 30_000)
        let changes = [Circuit.Finding.good, .failed, .refused].map {
            circuit.learn($0, began: 950, wasProbe: false, now: 1010, rule)
        }
        #expect(changes == [false, false, false] && circuit.wait(now: 1010) == 29_990)
        // But it can be told of a longer pause.
        _ = circuit.learn(.pause(60_000), began: 950, wasProbe: false, now: 1020, rule)
        #expect(circuit.wait(now: 1020) == 60_000)
    }

    /// A device may be refused for itself, and so may all of one user's.
    @Test func devicesOfSeveralUsersOpenIt() {
        var circuit = Circuit()
        func learn(_ finding: Circuit.Finding, _ now: Int64, wasProbe: Bool = false) -> Bool {
            circuit.learn(finding, began: now - 10, wasProbe: wasProbe, now: now, rule)
        }
        for time in 1...100 { #expect(!learn(.doubted("bob"), Int64(time) * 1000)) }
        for owner in ["b", "c", "d"] { #expect(!learn(.doubted(owner), 200_000)) }
        #expect(!circuit.isIdle)
        // That somebody is there is no delivery.
        #expect(!learn(.heard, 200_500) && !circuit.isIdle)
        let before = circuit
        #expect(!learn(.good, 200_500) && circuit.isIdle)
        circuit = before
        #expect(learn(.doubted("e"), 201_000))
        #expect(circuit.cause == .refused && circuit.wait(now: 201_000) == 5000)
        // Others are the better probes than who was refused.
        #expect(circuit.wait(now: 206_000) == nil && circuit.wait(now: 206_000, courtesy: rule.courtesy) == 60_000)
        let isProbe = circuit.start(now: 206_000, rule)
        #expect(isProbe && !learn(.heard, 206_100, wasProbe: true))
        #expect(circuit.cause == .refused && circuit.wait(now: 206_100) == nil)
        // Another one that is refused makes the pause longer.
        _ = circuit.start(now: 207_000, rule)
        #expect(learn(.doubted("f"), 207_100, wasProbe: true))
        #expect(circuit.wait(now: 207_100) == 10_000)
        _ = circuit.start(now: 217_100, rule)
        #expect(learn(.good, 217_200, wasProbe: true) && circuit.isIdle)
    }

    @Test func aPauseIsKeptExactly() {
        var circuit = Circuit()
        _ = circuit.learn(.pause(1500), began: 0, wasProbe: false, now: 1000, rule)
        #expect(circuit.cause == .throttled)
        #expect(circuit.wait(now: 2499) == 1 && circuit.wait(now: 2500) == nil)
        _ = circuit.start(now: 2500, rule)
        let hasClosed = circuit.learn(.good, began: 2500, wasProbe: true, now: 2600, rule)
        #expect(hasClosed)
    }
}
