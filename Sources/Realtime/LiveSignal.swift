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
        try await listen(for: user, session: session, hasFeed: true, channels: [])
    }

    func listen(for user: ID, session: ID, hasFeed: Bool, channels: [ChannelName]) async throws -> LiveSignal {
        let news = PollNews()
        let gateway = gateways.gateway(for: user)
        let poll = try await withCheckedThrowingContinuation { continuation in
            gateway.run(
                { gateway in
                    gateway.listen(for: user, session: session, hasFeed: hasFeed, channels: channels, news) { result in
                        continuation.resume(with: result.map { LoopBound.holding($0, on: gateway.loop) })
                    }
                }, orElse: { continuation.resume(throwing: EventLoop.Stopped()) })
        }
        return LiveSignal(news: news, poll: poll, session: session, gateway: gateway)
    }
}

/// A long poll that listens for one user.
final class LiveSignal: FeedSignal {
    let news: PollNews
    private let poll: LoopBound<Poll>
    private let session: ID
    private let gateway: LoopBound<Gateway>

    init(news: PollNews, poll: LoopBound<Poll>, session: ID, gateway: LoopBound<Gateway>) {
        self.news = news
        self.poll = poll
        self.session = session
        self.gateway = gateway
    }

    func wait(milliseconds: Int) async throws -> Bool {
        let wakeup = news.wakeup
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
        let poll = poll
        gateway.run { $0.stopListening(poll.value) }
    }
}
