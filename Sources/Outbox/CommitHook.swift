import Synchronization

/// Whom a commit wakes: the relay of this process, or the bell that others hear.
public final class CommitHook: Sendable {
    /// In a type of its own: a mutex that holds a function itself wraps it once more each time that it is locked, and with that
    /// each call takes longer than the one before.
    private struct Action {
        let run: @Sendable () -> Void
    }

    private let action = Mutex<Action?>(nil)

    public init() {}

    public func set(_ run: @escaping @Sendable () -> Void) { action.withLock { $0 = Action(run: run) } }
    public func call() { action.withLock { $0 }?.run() }
}
