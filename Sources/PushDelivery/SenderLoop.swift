import Core
import HTTPClient
import Push
import Runtime

/// A sender's part that lives on its loop: what the queue lets through is sent.
final class SenderLoop {
    struct Job {
        let request: PushRequest
        let mayRenew: Bool
        /// What a response means, at a time in milliseconds since 1970.
        let judge: (PushResponse, Int64) -> PushVerdict
        let done: (PushResult) -> Void
    }

    private let options: PushSenderOptions
    private let clock: any WallClock & MonotonicClock
    private let client: LoopClient
    private let queue: SendQueue<Job>
    private let figures: SenderFigures
    /// Told how many circuits are open.
    private let opened: (Int) -> Void
    private var isEnded = false
    /// Of what has waited for too long.
    private var timer: LoopTimer?
    private static let lookMilliseconds = 500

    init(
        on loop: EventLoop, _ options: PushSenderOptions, _ clock: any WallClock & MonotonicClock,
        opened: @escaping (Int) -> Void
    ) {
        self.options = options
        self.opened = opened
        self.clock = clock
        let exempt = options.exempt
        var client = LoopClientOptions { address, isSecure in
            exempt.contains { $0.contains(address) } || isSecure && PublicHost.isPublic(address)
        }
        client.takesPlain = !exempt.isEmpty
        client.authorities = options.authorities
        client.bodyLimit = PushResponse.longestBody
        // A request to a host of its own never waits for a connection within curl, where its time would run.
        client.connections = options.inFlight
        self.client = LoopClient(on: loop, client)
        queue = SendQueue(options)
        figures = SenderFigures(options)
        timer = LoopTimer(on: loop, after: Self.lookMilliseconds, repeating: Self.lookMilliseconds) { [unowned self] in
            queue.removeLate(now: clock.nanoseconds()).forEach { $0.done(.full) }
            figures.show(circuits: queue.circuits.open.keys, credentials: queue.credentialLimits)
        }
    }

    func send(_ job: Job, on route: PushRoute) {
        guard !isEnded else { return job.done(.ended) }
        switch queue.add(job, route, now: clock.nanoseconds()) {
        case .queued: pump()
        case .held(let wait, let key): job.done(.held(wait: wait, by: key))
        case .full: job.done(.full)
        }
    }

    /// - Returns: `nil`: it may be sent.
    func hold(on route: PushRoute) -> PushResult? {
        queue.circuits.wait(for: route, now: clock.nanoseconds()).map { .held(wait: $0.wait, by: $0.by) }
    }

    func refused(_ key: CircuitKey) {
        queue.refused(key, now: clock.nanoseconds()) { tell($0, nil) }
        show()
    }

    /// What is under way is told as it is; what waits was not sent.
    func end() {
        isEnded = true
        timer?.cancel()
        client.end()
        queue.removeAll().forEach { $0.done(.ended) }
    }

    var state: PushSenderState {
        let now = Circuits.milliseconds(clock.nanoseconds())
        let open = queue.circuits.open.sorted { $0.value.openedAt < $1.value.openedAt }
        return PushSenderState(
            inFlight: queue.inFlight, waiting: queue.waiting, connectionsOpened: client.connectionsOpened,
            circuits: open.prefix(PushSenderState.most).map { key, circuit in
                PushSenderState.OpenCircuit(
                    key: key, cause: circuit.cause?.rawValue ?? "", wait: circuit.wait(now: now) ?? 0,
                    age: max(0, now - circuit.openedAt))
            },
            circuitsOpen: open.count, limits: queue.limits())
    }

    // MARK: Requests

    private func pump() {
        let now = clock.nanoseconds()
        while let started = queue.next(
            now: now, held: { $0.job.done(.held(wait: $0.wait, by: $0.by)) })
        {
            let request = started.job.request
            client.send(
                LoopRequest(
                    url: request.url, headers: request.headers.map { ($0.name, $0.value) }, body: request.body,
                    milliseconds: options.milliseconds)
            ) { [unowned self] result in finish(started, result, began: now) }
        }
        show()
    }

    private func show() {
        opened(queue.circuits.openCount)
        figures.show(waiting: queue.waiting, inFlight: queue.inFlight)
    }

    private func finish(
        _ started: SendQueue<Job>.Started, _ result: Result<HTTPReply, LoopFailure>, began: UInt64
    ) {
        let now = clock.nanoseconds()
        let provider = started.route.provider
        let verdict: PushVerdict?
        switch result {
        case .success(let reply):
            verdict = started.job.judge(PushResponse(reply), clock.milliseconds())
        case .failure(let failure):
            verdict = PushFailure(failure).map { provider.verdict(of: $0) }
            Log.debug(
                .responseMissing,
                ["host": .text(started.route.host.description), "message": .text(failure.message.harmlessName)])
        }
        queue.finished(started, verdict, mayRenew: started.job.mayRenew, now: now) { tell($0, verdict) }
        if let verdict {
            figures.count(provider, verdict.outcome, nanoseconds: now - min(now, began))
            started.job.done(.attempted(verdict))
        } else if case .failure(let failure) = result {
            started.job.done(.invalid(failure.message.harmlessName))
        }
        if !isEnded { pump() }
    }

    private func tell(_ change: CircuitChange, _ verdict: PushVerdict?) {
        if change.isOpen {
            let fields: KeyValuePairs<String, Log.Field> = [
                "of": .text(change.key.description), "cause": .text(change.cause),
                "status": .number(Int64(verdict?.status ?? 0)), "reason": .text(verdict?.reason ?? ""),
            ]
            // A webhook's owner is not ours, and has many colleagues.
            if case .device = change.key {
                Log.debug(.circuitOpened, fields)
            } else {
                Log.warning(.circuitOpened, fields)
            }
        } else {
            Log.info(.circuitClosed, ["of": .text(change.key.description)])
        }
    }
}

extension PushResponse {
    fileprivate init(_ reply: HTTPReply) {
        self.init(status: reply.status, headers: reply.headers.map { PushHeader($0.name, $0.value) }, body: reply.body)
    }
}

extension PushFailure {
    /// `nil`: it is one of ours, and whoever tries again fails again.
    fileprivate init?(_ failure: LoopFailure) {
        switch failure.reason {
        case .invalidRequest: return nil
        case .forbiddenAddress: self = .forbiddenAddress
        case .unreachable: self = .unreachable
        case .notProcessed: self = .notProcessed
        case .timeout: self = .timeout
        case .broken: self = .broken
        }
    }
}

@available(*, unavailable)
extension SenderLoop: Sendable {}
