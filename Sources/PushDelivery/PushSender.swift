public import Core
public import Push
public import Runtime
import Synchronization

/// Sends requests to push services and webhooks, on one loop: many at a time over few connections, no more than each of
/// them takes, and nothing to who refuses us. Connections to addresses that are not public are not opened.
public final class PushSender: Sendable {
    private let loop: EventLoop
    private let ownsLoop: Bool
    private let sender: LoopBound<SenderLoop>
    /// Requests that were handed over and are not finished: what is on the way to the loop is bounded, too.
    private let taken = Atomic<Int>(0)
    private let most: Int
    private let openCircuits: OpenCircuits

    private final class OpenCircuits: Sendable {
        let count = Atomic<Int>(0)
    }

    /// - Parameter given: outlives it; without one it has a loop of its own.
    public init(
        _ options: PushSenderOptions = PushSenderOptions(), on given: EventLoop? = nil,
        clock: any WallClock & MonotonicClock = SystemClock()
    ) {
        let loop = given ?? EventLoop(name: "push")
        self.loop = loop
        ownsLoop = given == nil
        let openCircuits = OpenCircuits()
        self.openCircuits = openCircuits
        sender = LoopBound(on: loop) {
            SenderLoop(on: loop, options, clock) { openCircuits.count.store($0, ordering: .relaxed) }
        }
        most = options.waiting + options.inFlight
    }

    /// - Parameters:
    ///   - mayRenew: a token that the provider says has ended is no reason to open its credential's circuit, for whoever
    ///     sends makes another one and tries once more.
    public func send(_ request: PushRequest, on route: PushRoute, mayRenew: Bool = false) async -> PushResult {
        await exchange(request, on: route, mayRenew: mayRenew) { route.provider.verdict(of: $0, now: $1) }
    }

    /// The same, where a response means something else.
    /// - Parameter judge: called on the sender's loop, with milliseconds since 1970.
    func exchange(
        _ request: PushRequest, on route: PushRoute, mayRenew: Bool = false,
        judge: @escaping @Sendable (PushResponse, Int64) -> PushVerdict
    ) async -> PushResult {
        guard taken.add(1, ordering: .relaxed).newValue <= most else {
            taken.subtract(1, ordering: .relaxed)
            return .full
        }
        defer { taken.subtract(1, ordering: .relaxed) }
        return await withCheckedContinuation { continuation in
            sender.run(
                { sender in
                    let job = SenderLoop.Job(request: request, mayRenew: mayRenew, judge: judge) {
                        continuation.resume(returning: $0)
                    }
                    sender.send(job, on: route)
                }, orElse: { continuation.resume(returning: .ended) })
        }
    }

    /// For whoever would have to encrypt or sign first.
    /// - Returns: `.held` where a circuit is open; `nil`: it may be sent.
    public func hold(on route: PushRoute) async -> PushResult? {
        guard openCircuits.count.load(ordering: .relaxed) > 0 else { return nil }
        let sender = sender
        return (try? await loop.run { sender.value.hold(on: route) }) ?? nil
    }

    /// No token can be had for it: its circuit opens.
    public func refused(_ key: CircuitKey) { sender.run { $0.refused(key) } }

    public func state() async throws -> PushSenderState {
        let sender = sender
        return try await loop.run { sender.value.state }
    }

    /// Ends what is under way: what was sent and has no response is `ambiguous`. Once, and never on a task's thread that
    /// others wait for: it waits for the loop.
    public func stop() {
        let done = Gate()
        sender.run(
            { sender in
                sender.end()
                done.open()
            }, orElse: { done.open() })
        done.wait()
        if ownsLoop { loop.stop() }
    }
}

extension PushSender {
    /// - Parameter device: a name of ours for the webhook.
    public func send(
        _ message: WebhookMessage, to endpoint: WebhookEndpoint, signer: WebhookSigner, device: String,
        clock: any WallClock = SystemClock()
    ) async -> PushResult {
        await send(
            message.request(to: endpoint, signer: signer, now: clock.milliseconds()),
            on: PushRoute(.webhook, credential: "", host: endpoint.origin, device: device))
    }
}
