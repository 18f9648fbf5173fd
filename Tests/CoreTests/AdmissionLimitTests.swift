import Testing

@testable import Core

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
