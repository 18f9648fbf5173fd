public import Core
public import Feed
public import HTTPService
public import Live
import RedisLink
import Runtime

extension LiveService: FeedWaiter {
    public func admit(_ user: ID, from address: String) throws(Problem) {
        if let seconds = budget.isUsedUp(user: user, address: address) { throw JoinBudget.refusal(seconds) }
    }

    public func charge(_ user: ID, from address: String, for missed: [Publication]?) {
        budget.charge(user: user, address: address, missed)
    }

    public func listen(for user: ID, session: ID) async throws -> any FeedSignal {
        let wakeup = Wakeup()
        let subscriber = try await withCheckedThrowingContinuation { continuation in
            gateway.run(
                { gateway in
                    gateway.listen(for: user, session: session, { wakeup.signal() }) { result in
                        continuation.resume(with: result.map { LoopBound.holding($0, on: gateway.loop) })
                    }
                }, orElse: { continuation.resume(throwing: EventLoop.Stopped()) })
        }
        return LiveSignal(wakeup: wakeup, subscriber: subscriber, session: session, gateway: gateway)
    }
}

/// A long poll that listens for one user.
final class LiveSignal: FeedSignal {
    private let wakeup: Wakeup
    private let subscriber: LoopBound<Subscriber>
    private let session: ID
    private let gateway: LoopBound<Gateway>

    init(wakeup: Wakeup, subscriber: LoopBound<Subscriber>, session: ID, gateway: LoopBound<Gateway>) {
        self.wakeup = wakeup
        self.subscriber = subscriber
        self.session = session
        self.gateway = gateway
    }

    func wait(milliseconds: Int) async throws -> Bool {
        let wakeup = wakeup
        let loop = gateway.loop
        let timer = LoopBound(on: loop) { LoopTimer(on: loop, after: milliseconds) { wakeup.signal() } }
        await withTaskCancellationHandler {
            await wakeup.wait()
        } onCancel: {
            wakeup.signal()
        }
        timer.run { $0.cancel() }
        guard !Task.isCancelled else { return false }
        let state = try? await loop.run { [gateway, session] in
            (hasEnded: gateway.value.hasEnded(session), isDraining: gateway.value.isDraining)
        }
        guard let state else { return false }
        guard !state.hasEnded else { throw Problem(.unauthenticated, "the session has ended") }
        return !state.isDraining
    }

    func cancel() {
        let subscriber = subscriber
        gateway.run { $0.stopListening(subscriber.value) }
    }
}
