public import Core
import Synchronization

/// Token buckets by key, in this process, for all threads (`RateTable` has the rule).
public final class RateLimiter: Sendable {
    public typealias Rate = RateTable.Rate

    private let table = Mutex(RateTable())
    private let size: Gauge
    private let clock: any MonotonicClock

    /// - Parameter name: of its table, in metrics.
    public init(name: String, clock: any MonotonicClock = SystemClock()) {
        size = Metrics.shared.queue(name, limit: RateTable.most)
        self.clock = clock
    }

    /// Takes one token.
    /// - Returns: `nil` when there was one, otherwise the seconds until there is one.
    public func take(_ key: String, _ rate: Rate) -> Int? { take([(key, rate)]) }

    /// Takes one token from each bucket, or none from any.
    /// - Parameter wanted: different keys.
    /// - Returns: `nil` when there was one in each, otherwise the seconds until there is.
    public func take(_ wanted: [(key: String, rate: Rate)]) -> Int? { use { $0.take(wanted, now: $1) } }

    /// Whether there is a token, of which none is taken.
    /// - Returns: `nil` when there is, otherwise the seconds until there is.
    public func look(_ key: String, _ rate: Rate) -> Int? { use { $0.look(key, rate, now: $1) } }

    /// Takes what something has turned out to cost, though there may not be as much: then the bucket has to make up for it
    /// first, a whole one at most.
    public func charge(_ key: String, _ rate: Rate, cost: Double) { use { $0.charge(key, rate, cost: cost, now: $1) } }

    private func use<T: Sendable>(_ body: (inout RateTable, UInt64) -> T) -> T {
        let now = clock.nanoseconds()
        return table.withLock { table in
            defer { size.set(table.count) }
            return body(&table, now)
        }
    }
}
