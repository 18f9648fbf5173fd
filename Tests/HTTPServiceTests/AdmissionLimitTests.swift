import Testing

@testable import HTTPService

/// A server that does `rate` requests a second, one after the other, behind an admission limit; time is a number.
private struct Server {
    var limit: AdmissionLimit
    var rate: Double
    private(set) var now: UInt64 = 0
    private(set) var refused = 0
    /// Milliseconds that each finished request took.
    private(set) var took: [Double] = []
    private var waiting: [UInt64] = []
    private var credit = 0.0
    private var due = 0.0

    init(_ limit: AdmissionLimit, rate: Double) {
        self.limit = limit
        self.rate = rate
    }

    mutating func run(milliseconds: Int, offered: Double) {
        for _ in 0..<milliseconds {
            now += 1_000_000
            due += offered / 1000
            while due >= 1 {
                due -= 1
                if limit.admit(now: now) { waiting.append(now) } else { refused += 1 }
            }
            // What an idle server could have done is lost.
            credit = (waiting.isEmpty ? 0 : credit) + rate / 1000
            while credit >= 1, !waiting.isEmpty {
                credit -= 1
                let came = waiting.removeFirst()
                took.append(Double(now - came) / 1e6)
                limit.finished(took: now - came, now: now)
            }
        }
    }

    mutating func forget() {
        took = []
        refused = 0
    }
}

@Suite struct AdmissionLimitTests {
    private let rule = AdmissionLimit.Rule(targetMilliseconds: 250, least: 8, most: 2000, first: 100, step: 8)

    @Test func admitsAsManyAsTheLimit() {
        var limit = AdmissionLimit(rule)
        let admitted = (0..<150).count { _ in limit.admit(now: 1) }
        #expect(admitted == 100)
        #expect(limit.inWork == 100)
        limit.finished(took: 1, now: 2)
        let more = [limit.admit(now: 3), limit.admit(now: 3)]
        #expect(more == [true, false])
    }

    @Test(arguments: [40.0, 400, 4000])
    func twiceTheLoadIsCutToWhatIsDoneInTime(rate: Double) {
        var server = Server(AdmissionLimit(rule), rate: rate)
        server.run(milliseconds: 20_000, offered: rate * 2)
        server.forget()
        server.run(milliseconds: 20_000, offered: rate * 2)
        #expect(Double(server.took.count) > rate * 20 * 0.95)
        #expect(server.took.max()! < 500)
        #expect(Double(server.refused) > rate * 20 * 0.9)
    }

    @Test func nothingIsRefusedBelowTheLoad() {
        var server = Server(AdmissionLimit(rule), rate: 500)
        server.run(milliseconds: 10_000, offered: 400)
        #expect(server.refused == 0)
    }

    @Test func recoversWithinASecondAfterTheLoad() {
        var server = Server(AdmissionLimit(rule), rate: 500)
        server.run(milliseconds: 10_000, offered: 5000)
        server.run(milliseconds: 1000, offered: 250)
        server.forget()
        server.run(milliseconds: 5000, offered: 250)
        #expect(server.refused == 0)
        #expect(server.took.max()! < 50)
    }

    @Test func followsAServerThatGetsSlowerAndFasterAgain() {
        var server = Server(AdmissionLimit(rule), rate: 1000)
        server.run(milliseconds: 5000, offered: 2000)
        server.rate = 100
        server.run(milliseconds: 5000, offered: 2000)
        server.forget()
        server.run(milliseconds: 5000, offered: 2000)
        #expect(server.took.max()! < 600)
        server.rate = 1000
        server.run(milliseconds: 5000, offered: 2000)
        server.forget()
        server.run(milliseconds: 5000, offered: 2000)
        #expect(server.took.count > 4700)
    }

    @Test func nothingIsLearnedWhileNothingIsDone() {
        var server = Server(AdmissionLimit(rule), rate: 0)
        server.run(milliseconds: 5000, offered: 1000)
        #expect(server.limit.limit == 100)
        #expect(server.limit.inWork == 100)
        server.rate = 1000
        server.run(milliseconds: 3000, offered: 2000)
        server.forget()
        server.run(milliseconds: 3000, offered: 2000)
        #expect(server.took.max()! < 500)
    }

    /// A hundred answers in a millisecond (no such user, not signed in) beside some that took two seconds.
    @Test func quickAnswersDoNotHideSlowOnes() {
        var limit = AdmissionLimit(rule)
        var now: UInt64 = 1
        for _ in 0..<60 { _ = limit.admit(now: now) }
        for _ in 0..<100 {
            _ = limit.admit(now: now)
            limit.finished(took: 1_000_000, now: now)
        }
        for _ in 0..<60 { limit.finished(took: 2_000_000_000, now: now) }
        now += AdmissionLimit.window
        _ = limit.admit(now: now)
        #expect(limit.limit < 100)
    }

    @Test func oneThatIsSlowByItselfTeachesNothing() {
        var limit = AdmissionLimit(rule)
        _ = limit.admit(now: 1)
        limit.finished(took: 2_000_000_000, now: 2_000_000_001)
        _ = limit.admit(now: 3_000_000_000)
        #expect(limit.limit == 100)
    }

    @Test func neverBelowTheLeast() {
        var server = Server(AdmissionLimit(rule), rate: 1)
        server.run(milliseconds: 200_000, offered: 50)
        #expect(server.limit.limit >= 8)
    }
}

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
}
