import Core
import Push
import Testing

@testable import PushDelivery

/// A queue with a clock; jobs are numbers.
private final class Bench {
    let queue: SendQueue<Int>
    var now: UInt64 = 1_000_000_000_000
    var held: [(job: Int, wait: Int64, by: CircuitKey)] = []
    var changes: [CircuitChange] = []

    init(_ change: (inout PushSenderOptions) -> Void = { _ in }) {
        var options = PushSenderOptions()
        change(&options)
        queue = SendQueue(options)
    }

    func add(_ job: Int, _ route: PushRoute) -> SendQueue<Int>.Admission { queue.add(job, route, now: now) }

    func start() -> [SendQueue<Int>.Started] {
        var all: [SendQueue<Int>.Started] = []
        while let next = queue.next(now: now, held: { held.append(($0.job, $0.wait, $0.by)) }) { all.append(next) }
        return all
    }

    func finish(_ started: SendQueue<Int>.Started, _ verdict: PushVerdict?, mayRenew: Bool = false) {
        queue.finished(started, verdict, mayRenew: mayRenew, now: now) { changes.append($0) }
    }

    func pass(milliseconds: UInt64) { now += milliseconds * 1_000_000 }
}

private func route(
    _ provider: PushProvider = .apns, _ credential: String = "team", host: String = "one", _ device: String = "d"
) -> PushRoute {
    PushRoute(provider, credential: credential, host: Origin("https://\(host).example")!, device: device)
}

private func verdict(
    _ provider: PushProvider, _ status: Int, _ body: String = "", _ headers: [PushHeader] = []
) -> PushVerdict {
    provider.verdict(of: PushResponse(status: status, headers: headers, body: Array(body.utf8)), now: 0)
}

@Suite struct SendQueueTests {
    @Test func nothingIsSentBeyondALimit() {
        let all = Bench { $0.inFlight = 5 }
        for job in 0..<10 { #expect(all.add(job, route(host: "h\(job)")) == .queued) }
        #expect(all.start().map(\.job) == [0, 1, 2, 3, 4] && all.queue.waiting == 5)
        let ofHost = Bench { $0.ofHost = 3 }
        for job in 0..<10 { _ = ofHost.add(job, route(host: job < 8 ? "one" : "two")) }
        #expect(ofHost.start().map(\.job) == [0, 8, 1, 9, 2])
        let ofCredential = Bench { $0.ofCredential = 4 }
        for job in 0..<12 { _ = ofCredential.add(job, route(.apns, job < 9 ? "a" : "b", host: "h\(job % 3)")) }
        let started = ofCredential.start()
        #expect(started.count { $0.route.credential == "a" } == 4 && started.count == 7)
    }

    /// Who waits for a credential, a host or a place at all goes on when something is finished.
    @Test func allAreSentInTheEnd() {
        let bench = Bench {
            ($0.inFlight, $0.ofCredential, $0.ofHost) = (7, 4, 2)
            $0.waitingOfAllowed = 600
        }
        for job in 0..<600 { #expect(bench.add(job, route(.apns, "c\(job % 3)", host: "h\(job % 5)")) == .queued) }
        var done: [Int] = []
        var running = bench.start()
        while !running.isEmpty {
            #expect(bench.queue.inFlight <= 7)
            #expect(Dictionary(grouping: running) { $0.route.credential }.values.allSatisfy { $0.count <= 4 })
            #expect(Dictionary(grouping: running) { $0.route.hostCircuit }.values.allSatisfy { $0.count <= 2 })
            bench.pass(milliseconds: 10)
            let first = running.removeFirst()
            done.append(first.job)
            bench.finish(first, verdict(.apns, 200))
            running += bench.start()
        }
        #expect(done.sorted() == Array(0..<600) && bench.queue.waiting == 0 && bench.queue.inFlight == 0)
    }

    @Test func aFullQueueSaysSo() {
        let bench = Bench { ($0.inFlight, $0.waiting, $0.waitingOfHost) = (0, 5, 3) }
        let answers = (0..<4).map { bench.add($0, route()) }
        #expect(answers == [.queued, .queued, .queued, .full])
        let others = (0..<3).map { bench.add($0, route(host: "two")) }
        #expect(others == [.queued, .queued, .full])
    }

    /// A host that is slow holds few, and those not for long: others' places are not taken by it.
    @Test func aSlowHostHoldsFew() {
        let bench = Bench { ($0.ofHost, $0.waitingOfAllowed, $0.patience) = (8, 4, 1000) }
        let taken = (0..<100).count { bench.add($0, route(host: "slow")) == .queued }
        #expect(taken == 32)
        // By their times it is allowed fewer and fewer at a time.
        while bench.queue.waiting > 0 {
            let running = bench.start()
            bench.pass(milliseconds: 10_000)
            running.forEach { bench.finish($0, verdict(.apns, 200)) }
        }
        let more = (0..<100).count { bench.add(1000 + $0, route(host: "slow")) == .queued }
        #expect(more <= 16)
        bench.pass(milliseconds: 1000)
        #expect(bench.queue.removeLate(now: bench.now).isEmpty)
        bench.pass(milliseconds: 1)
        let waiting = bench.queue.waiting
        #expect(waiting > 0 && bench.queue.removeLate(now: bench.now).count == waiting && bench.queue.waiting == 0)
        #expect(bench.start().isEmpty)
    }

    @Test func turns() {
        let bench = Bench { $0.inFlight = 6 }
        for job in 0..<100 { _ = bench.add(job, route(host: "busy")) }
        for job in 100..<103 { _ = bench.add(job, route(host: "quiet")) }
        #expect(bench.start().map(\.job) == [0, 100, 1, 101, 2, 102])
    }

    @Test func aRefusedCredentialHoldsAllOfIt() {
        let bench = Bench { $0.inFlight = 2 }
        for job in 0..<5 { _ = bench.add(job, route(host: "h\(job)", "d\(job)")) }
        _ = bench.add(5, route(.apns, "other", host: "h0"))
        let first = bench.start()
        bench.finish(first[0], verdict(.apns, 403, #"{"reason":"InvalidProviderToken"}"#))
        #expect(bench.changes == [CircuitChange(key: .credential(.apns, "team"), isOpen: true, cause: "refused")])
        let other = bench.start()
        #expect(other.map(\.job) == [5] && bench.held.map(\.job) == [2, 3, 4])
        bench.finish(other[0], verdict(.apns, 200))
        #expect(bench.held.allSatisfy { $0.wait == 30_000 && $0.by == .credential(.apns, "team") })
        #expect(bench.add(6, route()) == .held(wait: 30_000, by: .credential(.apns, "team")))
        // What was under way and went well says nothing of the time after it.
        bench.pass(milliseconds: 10)
        bench.finish(first[1], verdict(.apns, 200))
        #expect(bench.add(6, route()) == .held(wait: 29_990, by: .credential(.apns, "team")))
        // One goes to see.
        bench.pass(milliseconds: 29_990)
        #expect(bench.add(7, route()) == .queued && bench.add(8, route()) == .queued)
        let probe = bench.start()
        #expect(probe.map(\.job) == [7] && bench.held.last?.job == 8 && bench.held.last?.wait == 5000)
        bench.finish(probe[0], verdict(.apns, 200))
        #expect(bench.changes.last == CircuitChange(key: .credential(.apns, "team"), isOpen: false, cause: ""))
        #expect(bench.add(9, route()) == .queued)
    }

    /// A push service that refuses several devices by our key says nothing of other services; a webhook nothing of other webhooks.
    @Test func whoseCircuitItIs() {
        let bench = Bench()
        for user in 0..<5 {
            #expect(bench.add(0, route(.webPush, "vapid", "d\(user)")) == .queued)
            bench.finish(bench.start()[0], verdict(.webPush, 403))
        }
        #expect(bench.add(1, route(.webPush, "vapid", "e")) != .queued)
        #expect(bench.add(2, route(.webPush, "vapid", host: "two")) == .queued)
        #expect(bench.add(3, route(.webPush, "vapid2")) == .queued)
        _ = bench.start()
        _ = bench.add(4, route(.webhook, "", host: "hooks", "a"))
        bench.finish(bench.start()[0], verdict(.webhook, 401))
        #expect(bench.add(5, route(.webhook, "", host: "hooks", "a")) != .queued)
        #expect(bench.add(6, route(.webhook, "", host: "hooks", "b")) == .queued)
    }

    @Test func aTokenThatHasEndedOpensNothingTheFirstTime() {
        let bench = Bench()
        let ended = verdict(.fcm, 401, #"{"error":{"status":"UNAUTHENTICATED"}}"#)
        for (renews, isOpen) in [(true, false), (false, true)] {
            _ = bench.add(0, route(.fcm, "project"))
            bench.finish(bench.start()[0], ended, mayRenew: renews)
            #expect(bench.queue.circuits.openCount == (isOpen ? 1 : 0))
        }
    }

    @Test func aHostThatIsAwayIsLeftAlone() {
        let bench = Bench()
        for index in 0..<4 {
            #expect(bench.queue.circuits.openCount == 0)
            for job in 0..<10 { _ = bench.add(job, route(.webhook, "", "d\(job)")) }
            bench.pass(milliseconds: 1)
            for one in bench.start() { bench.finish(one, PushProvider.webhook.verdict(of: .unreachable)) }
            #expect(bench.queue.circuits.openCount == (index < 3 ? 0 : 1), "\(index)")
            bench.pass(milliseconds: 1)
        }
        #expect(bench.add(10, route(.webhook, "", "new")) != .queued)
        // A response, whatever it says, shows that it is there.
        bench.pass(milliseconds: 6000)
        _ = bench.add(11, route(.webhook, "", "new"))
        bench.finish(bench.start()[0], verdict(.webhook, 500))
        #expect(bench.queue.circuits.openCount == 0)
    }

    @Test func retryAfterHoldsAPushService() {
        let bench = Bench()
        _ = bench.add(0, route(.webPush, "vapid"))
        bench.finish(bench.start()[0], verdict(.webPush, 429, "", [PushHeader("retry-after", "7.25")]))
        #expect(bench.add(1, route(.webPush, "vapid")) == .held(wait: 7250, by: route(.webPush, "vapid").hostCircuit))
        bench.pass(milliseconds: 7249)
        #expect(bench.add(1, route(.webPush, "vapid")) == .held(wait: 1, by: route(.webPush, "vapid").hostCircuit))
        bench.pass(milliseconds: 1)
        #expect(bench.add(1, route(.webPush, "vapid")) == .queued)
    }

    /// A webhook's 429 is about its own messages; the host's limit shrinks.
    @Test func limitsShrinkAndGrow() {
        let bench = Bench { $0.ofHost = 64 }
        func limit() -> Int { bench.queue.limits().first { $0.key == route(.webhook, "").hostCircuit }?.limit ?? 0 }
        for job in 0..<200 { _ = bench.add(job, route(.webhook, "", "d\(job)")) }
        var running = bench.start()
        #expect(running.count == 32 && limit() == 32)
        bench.pass(milliseconds: 50)
        for one in running.prefix(10) { bench.finish(one, verdict(.webhook, 429)) }
        // In one go once, not ten times.
        #expect(limit() == 16 && bench.start().isEmpty)
        running.removeFirst(10)
        for _ in 0..<100 {
            bench.pass(milliseconds: 20)
            for one in running { bench.finish(one, verdict(.webhook, 204)) }
            running = bench.start()
            for job in 0..<70 { _ = bench.add(job, route(.webhook, "", "d\(job)")) }
        }
        #expect(limit() == 64)
        // And those who are slow get less at a time.
        for _ in 0..<20 {
            bench.pass(milliseconds: 15_000)
            for one in running { bench.finish(one, verdict(.webhook, 204)) }
            running = bench.start()
        }
        #expect(limit() < 32)
    }

    @Test func hostsAreForgotten() {
        let bench = Bench { $0.waiting = 100_000 }
        for job in 0..<20_000 {
            bench.pass(milliseconds: 1)
            _ = bench.add(job, route(.webhook, "", host: "h\(job)"))
            for one in bench.start() { bench.finish(one, PushProvider.webhook.verdict(of: .unreachable)) }
        }
        #expect(bench.queue.lanesRemembered <= 4096)
    }
}
