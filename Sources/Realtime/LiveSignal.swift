public import Core
public import HTTPService
import Hub
import RedisLink
import Runtime

extension LiveService: FeedWaiter {
    public func listen(for user: ID) async throws -> any FeedSignal {
        let wakeup = Wakeup()
        let subscriber = try await withCheckedThrowingContinuation { continuation in
            gateway.run { gateway in
                gateway.listen(for: user, { wakeup.signal() }) { result in
                    continuation.resume(with: result.map { LoopBound.holding($0, on: gateway.loop) })
                }
            }
        }
        return LiveSignal(wakeup: wakeup, subscriber: subscriber, gateway: gateway)
    }
}

/// A long poll that listens for one user.
final class LiveSignal: FeedSignal {
    private let wakeup: Wakeup
    private let subscriber: LoopBound<Subscriber>
    private let gateway: LoopBound<Gateway>

    init(wakeup: Wakeup, subscriber: LoopBound<Subscriber>, gateway: LoopBound<Gateway>) {
        self.wakeup = wakeup
        self.subscriber = subscriber
        self.gateway = gateway
    }

    func wait(milliseconds: Int) async -> Bool {
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
        return (try? await loop.run { [gateway] in !gateway.value.isDraining }) ?? false
    }

    func cancel() {
        let subscriber = subscriber
        gateway.run { $0.leave(subscriber.value) }
    }
}
