import Core
import Synchronization

/// So many tasks at a time; the others wait in their order. How many may wait is their callers' to limit.
public final class AsyncSemaphore: Sendable {
    private let state: Mutex<(free: Int, waiting: FIFO<CheckedContinuation<Void, Never>>)>
    private let length: Gauge

    /// - Parameter name: of the queue of those who wait, in metrics.
    public init(_ count: Int, name: String) {
        state = Mutex((count, FIFO()))
        length = Metrics.shared.queue(name, limit: nil)
    }

    public func run<T>(_ body: () async throws -> T) async rethrows -> T {
        await take()
        defer { give() }
        return try await body()
    }

    private func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                length.set(state.waiting.count)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func give() {
        let next = state.withLock { state in
            let next = state.waiting.popFirst()
            if next == nil { state.free += 1 }
            length.set(state.waiting.count)
            return next
        }
        next?.resume()
    }
}
