import Core
import Push

/// Which request is sent next: those that wait, by credential and host, in turns; what each may have in flight; whose
/// circuit is open. No clock and no I/O.
final class SendQueue<Job> {
    /// What was let through, and has to come back to `finished`.
    struct Started {
        let job: Job
        let route: PushRoute
        fileprivate let lane: Lane
        fileprivate let began: UInt64
        /// The circuits of which it is the probe.
        fileprivate let probes: [CircuitKey]
    }

    enum Admission: Equatable {
        case queued
        case held(wait: Int64, by: CircuitKey)
        case full
    }

    struct Held {
        let job: Job
        let wait: Int64
        let by: CircuitKey
    }

    fileprivate final class Credential {
        let key: CircuitKey
        var limit: AdmissionLimit
        /// Lanes that could send but for the credential's limit.
        var blocked = FIFO<Lane>()

        init(_ key: CircuitKey, _ rule: AdmissionLimit.Rule) { (self.key, limit) = (key, AdmissionLimit(rule)) }
    }

    /// A credential at a host.
    fileprivate final class Lane {
        let key: CircuitKey
        fileprivate let credential: Credential
        var waiting = FIFO<(job: Job, route: PushRoute, since: UInt64)>()
        var limit: AdmissionLimit
        /// It is in `ready`, or in its credential's `blocked`.
        var isListed = false
        var usedAt: UInt64

        fileprivate init(_ key: CircuitKey, _ credential: Credential, _ rule: AdmissionLimit.Rule, now: UInt64) {
            (self.key, self.credential, limit, usedAt) = (key, credential, AdmissionLimit(rule), now)
        }
    }

    private let options: PushSenderOptions
    private let laneRule: AdmissionLimit.Rule
    private let credentialRule: AdmissionLimit.Rule
    private var lanes: [CircuitKey: Lane] = [:]
    private var credentials: [CircuitKey: Credential] = [:]
    private var ready = FIFO<Lane>()
    private(set) var circuits = Circuits()
    private(set) var waiting = 0
    private(set) var inFlight = 0
    /// Hosts and credentials that are remembered while nothing is in flight or waits for them.
    private static var mostRemembered: Int { 4096 }

    init(_ options: PushSenderOptions) {
        self.options = options
        laneRule = .init(
            targetMilliseconds: options.targetMilliseconds, least: 1, most: options.ofHost,
            first: min(32, options.ofHost), step: 8)
        credentialRule = .init(
            targetMilliseconds: options.targetMilliseconds, least: 1, most: options.ofCredential,
            first: min(100, options.ofCredential), step: 16)
    }

    // MARK: In

    /// - Parameter now: nanoseconds of a clock that never steps.
    func add(_ job: Job, _ route: PushRoute, now: UInt64) -> Admission {
        if let (wait, key) = circuits.wait(for: route, now: now) { return .held(wait: wait, by: key) }
        let lane = lane(of: route, now)
        let most = min(options.waitingOfHost, options.waitingOfAllowed * max(4, lane.limit.limit))
        guard waiting < options.waiting, lane.waiting.count < most else { return .full }
        lane.waiting.append((job, route, now))
        waiting += 1
        list(lane)
        return .queued
    }

    private func lane(of route: PushRoute, _ now: UInt64) -> Lane {
        let key = route.hostCircuit
        if let known = lanes[key] { return known }
        makeRoom()
        let credential = credentials[route.credentialCircuit] ?? Credential(route.credentialCircuit, credentialRule)
        credentials[route.credentialCircuit] = credential
        let lane = Lane(key, credential, laneRule, now: now)
        lanes[key] = lane
        return lane
    }

    private func list(_ lane: Lane) {
        guard !lane.isListed, !lane.waiting.isEmpty else { return }
        lane.isListed = true
        ready.append(lane)
    }

    // MARK: Out

    /// - Parameter held: told of each that waited, and may not be sent for now.
    /// - Returns: what is to be sent; `nil`: nothing more for now.
    func next(now: UInt64, held: (Held) -> Void) -> Started? {
        while inFlight < options.inFlight, let lane = ready.popFirst() {
            lane.isListed = false
            if let started = start(lane, now, held) { return started }
        }
        return nil
    }

    private func start(_ lane: Lane, _ now: UInt64, _ held: (Held) -> Void) -> Started? {
        while let (job, route, _) = lane.waiting.first {
            if let (wait, by) = circuits.wait(for: route, now: now) {
                _ = lane.waiting.popFirst()
                waiting -= 1
                held(Held(job: job, wait: wait, by: by))
                continue
            }
            // Whoever finishes lists it again.
            guard lane.limit.admit(now: now) else { return nil }
            guard lane.credential.limit.admit(now: now) else {
                lane.limit.withdrawn()
                lane.credential.blocked.append(lane)
                lane.isListed = true
                return nil
            }
            _ = lane.waiting.popFirst()
            lane.usedAt = now
            waiting -= 1
            inFlight += 1
            list(lane)
            return Started(job: job, route: route, lane: lane, began: now, probes: circuits.start(route, now: now))
        }
        return nil
    }

    // MARK: Back

    /// - Parameters:
    ///   - verdict: `nil`: it was not sent after all.
    ///   - mayRenew: a token that has ended is no reason to open its credential's circuit: another one is made.
    ///   - changed: told of each circuit that has opened or closed by it.
    func finished(
        _ started: Started, _ verdict: PushVerdict?, mayRenew: Bool, now: UInt64, changed: (CircuitChange) -> Void
    ) {
        let (lane, credential) = (started.lane, started.lane.credential)
        inFlight -= 1
        let took = now - min(now, started.began)
        lane.limit.finished(took: took, now: now)
        credential.limit.finished(took: took, now: now)
        lane.usedAt = now
        if let verdict { shrink(lane, verdict, now) }
        circuits.learn(
            started.route, verdict, mayRenew: mayRenew, began: started.began, probes: started.probes, now: now,
            changed: changed)
        list(lane)
        if let other = credential.blocked.popFirst() {
            other.isListed = false
            list(other)
        }
    }

    /// Somebody says that it is too much.
    private func shrink(_ lane: Lane, _ verdict: PushVerdict, _ now: UInt64) {
        switch verdict.outcome {
        case .throttled where verdict.scope == .credential: lane.credential.limit.refused(now: now)
        case .throttled: lane.limit.refused(now: now)
        case .temporary where verdict.status == 503: lane.limit.refused(now: now)
        default: break
        }
    }

    /// A credential is refused, though nothing was sent to a device: no token could be had for it.
    func refused(_ key: CircuitKey, now: UInt64, changed: (CircuitChange) -> Void) {
        circuits.refused(key, now: now, changed: changed)
    }

    /// Takes out what has waited for too long.
    func removeLate(now: UInt64) -> [Job] {
        let patience = UInt64(options.patience) * 1_000_000
        var jobs: [Job] = []
        for lane in lanes.values {
            while let first = lane.waiting.first, now > first.since + patience {
                _ = lane.waiting.popFirst()
                waiting -= 1
                jobs.append(first.job)
            }
        }
        return jobs
    }

    /// Takes out all that wait.
    func removeAll() -> [Job] {
        var jobs: [Job] = []
        for lane in lanes.values {
            while let (job, _, _) = lane.waiting.popFirst() { jobs.append(job) }
        }
        waiting = 0
        return jobs
    }

    /// Forgets hosts and credentials that nothing waits for, the longest unused first.
    private func makeRoom() {
        guard lanes.count >= Self.mostRemembered else { return }
        let idle = lanes.values.filter { $0.waiting.isEmpty && $0.limit.inWork == 0 }
        for lane in idle.sorted(by: { $0.usedAt < $1.usedAt }).prefix(Self.mostRemembered / 2) {
            lanes[lane.key] = nil
        }
        let used = Set(lanes.values.map(\.credential.key))
        credentials = credentials.filter { used.contains($0.key) }
    }

    // MARK: To be seen

    var lanesRemembered: Int { lanes.count }

    var credentialLimits: [(key: CircuitKey, limit: AdmissionLimit)] { credentials.values.map { ($0.key, $0.limit) } }

    func limits() -> [PushSenderState.Limit] {
        var waitingOf: [CircuitKey: Int] = [:]
        for lane in lanes.values { waitingOf[lane.credential.key, default: 0] += lane.waiting.count }
        func limit(_ key: CircuitKey, _ limit: AdmissionLimit, _ waiting: Int) -> PushSenderState.Limit {
            PushSenderState.Limit(key: key, inFlight: limit.inWork, limit: limit.limit, waiting: waiting)
        }
        let all =
            credentials.values.map { limit($0.key, $0.limit, waitingOf[$0.key] ?? 0) }
            + lanes.values.map { limit($0.key, $0.limit, $0.waiting.count) }
        let busy = all.filter { $0.inFlight > 0 || $0.waiting > 0 }
        return Array(
            busy.sorted { ($0.inFlight, $0.waiting) > ($1.inFlight, $1.waiting) }.prefix(PushSenderState.most))
    }
}

@available(*, unavailable)
extension SendQueue: Sendable {}
