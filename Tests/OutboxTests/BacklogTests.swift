import Testing

@testable import Outbox

@Suite struct BacklogTests {
    @Test func refusesMoreTheLongerItIs() {
        #expect([0, 50, 51, 75, 100, 500].map { Backlog.part($0, of: 100) } == [0, 0, 20, 500, 1000, 1000])
    }

    @Test func refusalsAreSpreadEvenly() {
        let backlog = Backlog(limit: 1000, patience: 2000)
        #expect((0..<100).allSatisfy { _ in backlog.admits() })
        backlog.set(count: 0, age: 0, now: 900)
        backlog.set(count: 625, age: 0, now: 1000)
        #expect((0..<100).allSatisfy { _ in backlog.admits() })
        backlog.set(count: 625, age: 0, now: 4000)
        #expect((0..<8).map { _ in backlog.admits() } == [true, true, true, false, true, true, true, false])
        backlog.set(count: 1000, age: 0, now: 4100)
        #expect((0..<100).allSatisfy { _ in !backlog.admits() })
        backlog.set(count: 500, age: 1000, now: 4200)
        #expect((0..<100).allSatisfy { _ in backlog.admits() })
    }

    @Test func fewEventsAreTooManyWhenTheyAreOld() {
        let backlog = Backlog(limit: 1000, patience: 2000)
        backlog.set(count: 0, age: 0, now: 0)
        backlog.set(count: 100, age: 2000, now: 1)
        backlog.set(count: 100, age: 2000, now: 3001)
        #expect(!backlog.admits())
        backlog.set(count: Backlog.handful, age: 60_000, now: 3100)
        #expect((0..<10).allSatisfy { _ in backlog.admits() })
    }

    /// Of a process that starts in the middle of it.
    @Test func whatIsFoundAtTheStartHasWaited() {
        let backlog = Backlog(limit: 1000, patience: 2000)
        #expect(backlog.mostCounted == Backlog.stalledLimit)
        for now in stride(from: UInt64(0), to: 10_000, by: 1000) {
            backlog.set(count: 50_000 - Int(now), age: 600_000, now: now)
            #expect((0..<10).allSatisfy { _ in backlog.admits() })
        }
        backlog.set(count: 45_000, age: 600_000, now: 11_000)
        backlog.set(count: 46_000, age: 600_000, now: 15_000)
        #expect(!backlog.admits())
    }

    @Test func anOutboxThatNobodyEmptiesTakesMuchMore() {
        let backlog = Backlog(limit: 1000, patience: 2000)
        backlog.set(count: 40_000, age: 60_000, isMoving: false, now: 1)
        #expect((0..<10).allSatisfy { _ in backlog.admits() })
        backlog.set(count: Backlog.stalledLimit, age: 60_000, isMoving: false, now: 100)
        #expect(!backlog.admits())
        // It is back: what has waited is worked off, however long that takes, and only what grows on it counts.
        for (count, now) in [(40_000, UInt64(200)), (30_000, 4000), (20_000, 8000), (20_100, 12_000)] {
            backlog.set(count: count, age: 60_000, now: now)
            #expect((0..<10).allSatisfy { _ in backlog.admits() })
        }
        backlog.set(count: 21_000, age: 60_000, now: 13_000)
        backlog.set(count: 22_000, age: 60_000, now: 16_000)
        #expect(!backlog.admits())
        backlog.set(count: 400, age: 100, now: 17_000)
        #expect(backlog.admits())
    }

    private func reading(_ count: Int, first: Int64) -> OutboxGauge.Reading {
        OutboxGauge.Reading(count: count, first: first, age: 60_000)
    }

    /// With the same first event for three seconds the fan-out is away, not behind.
    @Test func whatDoesNotMoveIsAway() {
        let backlog = Backlog(limit: 1000, patience: 2000)
        backlog.set(reading(0, first: 0), now: 0)
        for now in stride(from: UInt64(100), through: 3000, by: 100) { backlog.set(reading(5000, first: 7), now: now) }
        #expect(backlog.mostCounted == 1000)
        backlog.set(reading(5000, first: 7), now: 3100)
        #expect(backlog.mostCounted == Backlog.stalledLimit)
        #expect((0..<100).allSatisfy { _ in backlog.admits() })
    }

    @Test func whatMovesIsBehind() {
        let backlog = Backlog(limit: 1000, patience: 2000)
        backlog.set(reading(0, first: 0), now: 0)
        for now in stride(from: UInt64(100), through: 3100, by: 100) {
            backlog.set(reading(5000, first: Int64(now)), now: now)
        }
        #expect(backlog.mostCounted == 1000 && !backlog.admits())
    }

    /// An empty outbox has no first event, and means that nothing waits.
    @Test func anEmptyOneIsNotAway() {
        let backlog = Backlog(limit: 1000, patience: 2000)
        for now in stride(from: UInt64(0), through: 10_000, by: 1000) { backlog.set(reading(0, first: 0), now: now) }
        #expect(backlog.mostCounted == 1000 && backlog.admits())
    }
}
