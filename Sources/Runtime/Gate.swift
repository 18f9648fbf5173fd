import Dispatch

/// Opens once; whoever waits passes from then on.
public final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    public func open() { semaphore.signal() }

    /// Blocks the calling thread: never on a loop, never in a task.
    public func wait() {
        semaphore.wait()
        semaphore.signal()
    }
}
