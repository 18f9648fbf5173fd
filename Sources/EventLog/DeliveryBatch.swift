import Synchronization

/// What became of the records of one append; their delivery reports come one by one.
final class DeliveryBatch: Sendable {
    private struct State {
        /// Records without a report, and one for the append that still hands over records.
        var outstanding = 1
        var failure: EventLogError?
        var waiter: CheckedContinuation<EventLogError?, Never>?
    }

    private let state = Mutex(State())

    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    /// Before a record is handed over.
    func expect() {
        state.withLock { $0.outstanding += 1 }
    }

    /// A record was stored, or was not. An error that lasts goes before one that follows from it.
    func settle(_ failure: EventLogError?) {
        let finished = state.withLock { state -> (CheckedContinuation<EventLogError?, Never>, EventLogError?)? in
            state.outstanding -= 1
            if let failure, state.failure?.isTemporary ?? true { state.failure = failure }
            guard state.outstanding == 0, let waiter = state.waiter else { return nil }
            return (waiter, state.failure)
        }
        if let (waiter, failure) = finished { waiter.resume(returning: failure) }
    }

    /// All records are handed over: waits for their reports.
    func finish() async throws(EventLogError) {
        let failure = await withCheckedContinuation { continuation in
            state.withLock { $0.waiter = continuation }
            settle(nil)
        }
        if let failure { throw failure }
    }
}
