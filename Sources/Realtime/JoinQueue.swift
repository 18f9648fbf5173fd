import Core
import Live
import Runtime

/// How many connections read at once, in a fair order. Belongs to the gateway.
struct JoinQueue {
    private let limit: Int
    private let maxWaiting: Int
    private let state = State()
    private let length: GaugePart

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
        length = GaugePart(of: Metrics.shared.queue("joins", limit: maxWaiting), .sum)
    }

    var hasRoom: Bool { state.waiting.count < maxWaiting }

    /// Runs the work now or when others are done; the work calls its argument once, when it has ended.
    func run(of user: ID, from address: String, _ work: @escaping (@escaping () -> Void) -> Void) {
        state.waiting.append(work, address: address, user: user)
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

    /// Keeps a subscriber's timer, of which it has one at most.
    func later(_ subscriber: Subscriber, _ timer: LoopTimer) {
        state.timers[ObjectIdentifier(subscriber)] = timer
    }

    func forget(_ subscriber: Subscriber) { state.timers[ObjectIdentifier(subscriber)] = nil }
}
