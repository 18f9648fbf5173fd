import Consumers
import Core
import Devices
import EventLog
import Notifications
import Preferences
import Runtime

/// Sends what is due: takes some of it for itself, decides by what holds now, sends, and writes down what has become of each. Any number
/// of processes do so side by side.
actor PushRunner {
    /// Claims of one turn.
    private static let batch = 500
    /// Sent, or with its end not written down yet: no more are claimed meanwhile.
    static let most = 2000
    /// Milliseconds that a claim holds. More than one may wait for its turn and take, twice where a token has ended: what a sender that
    /// died has claimed is sent again then.
    static let lease: Int64 = 120_000
    private static let longestRest = 2.0
    private static let leastRest = 0.005
    private static let lookNanoseconds: UInt64 = 2_000_000_000
    /// Milliseconds after which what has ended is written down at the latest.
    private static let flushMilliseconds: UInt64 = 10

    private let parts: Parts
    private let wakeup = Wakeup()
    /// Those whose end is not written down: they are not sent again, however long that takes.
    private var inHand: Set<DeliveryKey> = [] { didSet { parts.metrics.inHand.set(inHand.count) } }
    private var ended: [PushEnd] = []
    private var isFlushing = false
    private var isStopping = false
    /// For redriven ones; of the monotonic clock.
    private var lastLook: UInt64 = 0

    struct Parts: Sendable {
        let deliveries: Deliveries
        let decider: PushDecider
        let accounts: PushAccounts
        let letters: DeadLetters
        let log: any EventLog
        let clock: any WallClock
        let metrics: PushMetrics
    }

    init(_ parts: Parts) { self.parts = parts }

    nonisolated func wake() { wakeup.signal() }

    /// Until `stop()`.
    func run() async {
        while !isStopping {
            do {
                try await takeRedriven()
                let rest = try await turn()
                if rest > 0 { await wakeup.wait(nanoseconds: UInt64(rest * 1_000_000_000)) }
            } catch {
                Log.warning(.pushesNotRead, ["error": .text("\(error)")])
                try? await Task.sleep(nanoseconds: 500_000_000)
            }
        }
    }

    /// - Returns: seconds until there is more to do, as far as is known.
    private func turn() async throws -> Double {
        let room = Self.most - inHand.count
        guard room >= Self.batch / 2 else { return Self.longestRest }
        // Nearly always nothing is due: then this is all that is asked.
        guard let due = try await parts.deliveries.nextDue() else { return Self.longestRest }
        let now = parts.clock.milliseconds()
        guard due <= now else { return min(Self.longestRest, Double(due - now) / 1000) }
        let claims = try await parts.deliveries.claim(limit: min(room, Self.batch), now: now, until: now + Self.lease)
        // What is due and could not be claimed is another process's at this moment.
        guard !claims.isEmpty else { return Self.leastRest }
        try await begin(claims.filter { !inHand.contains($0.key) })
        return 0
    }

    /// Claims no more.
    /// - Parameter seconds: how long what is in hand may take to end and to be written down.
    func stop(within seconds: Int) async {
        isStopping = true
        wake()
        for _ in 0..<seconds * 10 where !inHand.isEmpty { try? await Task.sleep(nanoseconds: 100_000_000) }
    }

    private func begin(_ claims: [Deliveries.Claim]) async throws {
        inHand.formUnion(claims.map(\.key))
        do {
            for step in try await parts.decider.decide(claims) {
                switch step {
                case .end(let end): finished(end)
                case .send(let message, let device, let claim):
                    Task { await send(message, to: device, claim) }
                }
            }
        } catch {
            // Nothing was sent: they are due again at once.
            for claim in claims {
                finished(PushEnd(claim, for: claim.reason ?? .parked, until: parts.clock.milliseconds()))
            }
            throw error
        }
    }

    private func send(_ message: PushMessage, to device: Device, _ claim: Deliveries.Claim) async {
        let answer = await parts.accounts.send(message, to: device)
        finished(PushEnd(claim, device, answer, now: parts.clock.milliseconds()))
    }

    // MARK: Books

    private func finished(_ end: PushEnd) {
        ended.append(end)
        guard !isFlushing else { return }
        isFlushing = true
        Task { await flush() }
    }

    private func flush() async {
        while !ended.isEmpty {
            try? await Task.sleep(nanoseconds: Self.flushMilliseconds * 1_000_000)
            let some = ended
            ended = []
            // The log may be away: that is no reason to send anew what has no letter.
            let (letters, others) = (some.filter { $0.letter != nil }, some.filter { $0.letter == nil })
            for part in [others, letters] where !part.isEmpty {
                do {
                    try await write(part)
                    inHand.subtract(part.map(\.key))
                    wake()
                } catch {
                    Log.warning(.pushesNotWritten, ["pushes": .number(Int64(part.count)), "error": .text("\(error)")])
                    ended = part + ended
                    try? await Task.sleep(nanoseconds: 500_000_000)
                }
            }
        }
        isFlushing = false
    }

    private func write(_ some: [PushEnd]) async throws {
        let letters = some.compactMap(\.letter)
        if !letters.isEmpty {
            try await parts.letters.bury(letters, group: PushEnd.group, on: parts.log, now: parts.clock.milliseconds())
        }
        let finished = some.compactMap(\.end)
        if !finished.isEmpty { _ = try await parts.deliveries.finish(finished) }
        let parked = some.compactMap(\.pause)
        if !parked.isEmpty { _ = try await parts.deliveries.park(parked) }
        parts.metrics.wrote(some)
    }

    // MARK: Redrives

    /// Now and then: nobody waits for it.
    private func takeRedriven() async throws {
        let now = monotonicNanoseconds()
        guard now >= lastLook + Self.lookNanoseconds else { return }
        let taken = try await parts.letters.takeRedriven(of: PushEnd.group, limit: Self.batch) {
            [deliveries = parts.deliveries] transaction, values in
            try await deliveries.redrive(transaction, values.compactMap { PushEnd.key(of: $0) })
        }
        if taken < Self.batch { lastLook = now }
    }
}
