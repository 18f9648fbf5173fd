import Core
import Runtime

/// How many connections read the feed at once, in a fair order. Belongs to the gateway.
struct JoinQueue {
    private let limit: Int
    private let maxWaiting: Int
    private let state = State()
    private let length: Gauge

    private final class State {
        var active = 0
        var waiting = FairQueue<(@escaping () -> Void) -> Void>()
        var isStarting = false
        var timers: [ObjectIdentifier: LoopTimer] = [:]
    }

    /// - Parameters:
    ///   - limit: how many read at once.
    ///   - maxWaiting: how many may wait for it.
    init(limit: Int, maxWaiting: Int) {
        self.limit = limit
        self.maxWaiting = maxWaiting
        length = Metrics.shared.queue("joins", limit: maxWaiting)
    }

    var hasRoom: Bool { state.waiting.count < maxWaiting }

    /// Runs the work now or when others are done; the work calls its argument once, when it has ended.
    func run(_ client: any LiveClient, of user: ID, _ work: @escaping (@escaping () -> Void) -> Void) {
        state.timers[ObjectIdentifier(client)] = nil
        state.waiting.append(work, address: client.address, user: user)
        next()
    }

    private func next() {
        // Work that ends at once must not start the next one from within itself, thousands deep.
        guard !state.isStarting else { return }
        state.isStarting = true
        defer { state.isStarting = false }
        while state.active < limit, let work = state.waiting.popFirst() {
            state.active += 1
            work { [self] in
                state.active -= 1
                next()
            }
        }
        length.set(state.waiting.count)
    }

    /// Keeps a client's timer, of which it has one at most.
    func later(_ client: any LiveClient, _ timer: LoopTimer) {
        state.timers[ObjectIdentifier(client)] = timer
    }

    func forget(_ client: any LiveClient) { state.timers[ObjectIdentifier(client)] = nil }
}
