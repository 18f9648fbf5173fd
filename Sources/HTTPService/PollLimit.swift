import Core
import Synchronization

/// How many long polls may wait at a time, over all loops of a process.
public final class PollLimit: Sendable {
    private let limit: Int
    private let count = Atomic<Int>(0)
    private let gauge: Gauge

    /// - Parameter limit: of all.
    public init(_ limit: Int) {
        self.limit = limit
        gauge = Metrics.shared.queue("long_polls", limit: limit)
    }

    /// - Returns: false when there are too many; otherwise `give` must follow.
    func take() -> Bool {
        guard count.add(1, ordering: .relaxed).newValue <= limit else {
            count.subtract(1, ordering: .relaxed)
            return false
        }
        gauge.add(1)
        return true
    }

    func give() {
        count.subtract(1, ordering: .relaxed)
        gauge.add(-1)
    }
}
