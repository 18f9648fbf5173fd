import Core
import Runtime

/// How many connections read the feed at once, in a fair order, and which of them have to do it again. Belongs to the
/// gateway.
struct JoinQueue {
    private let limit: Int
    private let maxWaiting: Int
    private let state = State()
    private let length: Gauge

    private final class State {
        var active = 0
        var waiting = FairQueue<(@escaping () -> Void) -> Void>()
        var isStarting = false
        /// From the beginning of a join to what it came to, over all its tries.
        var underWay: Set<ObjectIdentifier> = []
        /// Told nothing yet, for their backlog.
        var blocked: Set<ObjectIdentifier> = []
        /// Asked to resume while a read was under way, unless that read is of this position or later.
        var again: [ObjectIdentifier: Int64] = [:]
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

    func begin(_ client: any LiveClient) { state.underWay.insert(ObjectIdentifier(client)) }
    func finished(_ client: any LiveClient) { state.underWay.remove(ObjectIdentifier(client)) }
    func isUnderWay(_ client: any LiveClient) -> Bool { state.underWay.contains(ObjectIdentifier(client)) }

    /// Runs the work now or when others are done; the work calls its argument once, when it has ended.
    func run(_ client: any LiveClient, of user: ID, _ work: @escaping (@escaping () -> Void) -> Void) {
        state.blocked.remove(ObjectIdentifier(client))
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

    func later(_ client: any LiveClient, _ timer: LoopTimer) {
        state.timers[ObjectIdentifier(client)] = timer
    }

    func block(_ client: any LiveClient) { state.blocked.insert(ObjectIdentifier(client)) }
    func isBlocked(_ client: any LiveClient) -> Bool { state.blocked.contains(ObjectIdentifier(client)) }

    func askAgain(_ client: any LiveClient, before position: Int64) {
        state.again[ObjectIdentifier(client), default: 0] = max(state.again[ObjectIdentifier(client)] ?? 0, position)
    }

    /// Which position the read that has just ended should have covered; 0 when nobody asked.
    func takeRepeat(_ client: any LiveClient) -> Int64 {
        state.again.removeValue(forKey: ObjectIdentifier(client)) ?? 0
    }

    func forget(_ client: any LiveClient) {
        let key = ObjectIdentifier(client)
        state.blocked.remove(key)
        state.underWay.remove(key)
        state.again[key] = nil
        state.timers[key] = nil
    }
}
