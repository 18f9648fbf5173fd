import Synchronization

/// What a transaction has put off until it is committed.
final class Ending: Sendable {
    private struct State {
        var actions: [@Sendable () -> Void] = []
        var hasBegun = false
    }

    private let state = Mutex(State())

    func add(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.actions.append(action) } }

    /// COMMIT goes out.
    func begin() { state.withLock { $0.hasBegun = true } }

    /// Once, and not where there was no COMMIT.
    func run() {
        let due = state.withLock { state in
            defer { state.actions = [] }
            return state.hasBegun ? state.actions : []
        }
        for action in due { action() }
    }
}
