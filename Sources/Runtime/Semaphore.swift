import Dispatch

/// Counts permits between threads; `wait` blocks the calling thread.
public final class Semaphore: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    public func signal() { semaphore.signal() }

    public func wait() { semaphore.wait() }
}
