import Core
import Runtime
import Synchronization

/// The wish that the process ends: the first signal.
final class Ending: Sendable {
    private struct State {
        var isWished = false
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
            let observers = state.withLock { state in
                state.isWished = true
                defer { state.observers = [] }
                return state.observers
            }
            for observer in observers { observer() }
        }
    }

    var isWished: Bool { state.withLock { $0.isWished } }

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
