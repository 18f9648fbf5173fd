import Core
import Runtime
import Synchronization

/// The wish that the process ends: the first signal, or that it is to begin anew.
final class Ending: Sendable {
    private struct State {
        var isWished = false
        var isForGood = false
        var observers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - last: called when the process ends at once, at the second signal.
    ///   - first: called at the first.
    init(last: @escaping @Sendable () -> Void = {}, _ first: @escaping @Sendable () -> Void = {}) {
        Signals.onTermination(last: last) { [self] number in
            Log.info(.signalReceived, ["number": .number(Int64(number))])
            first()
            wish(isForGood: true)
        }
    }

    /// The process is to end its work, and to begin anew; where no signal has come by then.
    func beginAnew() { wish(isForGood: false) }

    private func wish(isForGood: Bool) {
        let observers = state.withLock { state in
            state.isWished = true
            if isForGood { state.isForGood = true }
            defer { state.observers = [] }
            return state.observers
        }
        for observer in observers { observer() }
    }

    /// Whether it does begin anew; then the next wish is another one.
    func doesBeginAnew() -> Bool {
        state.withLock { state in
            guard !state.isForGood else { return false }
            state.isWished = false
            return true
        }
    }

    var isWished: Bool { state.withLock { $0.isWished } }
    /// Nothing is to come after it.
    var isForGood: Bool { state.withLock { $0.isForGood } }

    /// Calls the action once, at the first signal; at once when it has come.
    func onWish(_ action: @escaping @Sendable () -> Void) {
        let isWished = state.withLock { state in
            if !state.isWished { state.observers.append(action) }
            return state.isWished
        }
        if isWished { action() }
    }

    func wait() async {
        let wakeup = Wakeup()
        onWish { wakeup.signal() }
        await wakeup.wait()
    }
}
