import Synchronization

/// Wakes one waiting task. A signal that comes while nobody waits is kept (one of them), so none is missed between a
/// look at the work and the wait.
public final class Wakeup: Sendable {
    private struct State {
        var pending = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex<State>(State())

    public init() {}

    public func signal() {
        let waiter = state.withLock { state in
            let waiter = state.waiter.take()
            if waiter == nil { state.pending = true }
            return waiter
        }
        waiter?.resume()
    }

    /// Returns at the next signal, or at once when there was one since the last wait. One task at a time.
    public func wait() async {
        await withCheckedContinuation { continuation in
            let passes = state.withLock { state in
                if state.pending {
                    state.pending = false
                    return true
                }
                precondition(state.waiter == nil, "two tasks wait for one wakeup")
                state.waiter = continuation
                return false
            }
            if passes { continuation.resume() }
        }
    }

    /// The same, but no longer than some time. What the end of the time has left behind counts as a signal: look at the work anew.
    public func wait(nanoseconds: UInt64) async {
        let alarm = Task {
            try await Task.sleep(nanoseconds: nanoseconds)
            signal()
        }
        await wait()
        alarm.cancel()
    }
}
