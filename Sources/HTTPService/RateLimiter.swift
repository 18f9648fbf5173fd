import Core
import Synchronization

/// Token buckets by key, in this process. The table is bounded: it has two generations, and when the young one is full the
/// old one is forgotten. A bucket that is used moves to the young one, so whoever goes on asking is not forgotten, however
/// many others come.
public final class RateLimiter: Sendable {
    /// A bucket that holds `burst` and gains `perMinute`.
    public struct Rate: Sendable {
        let perMinute: Double
        let burst: Double

        public init(perMinute: Int, burst: Int) {
            self.perMinute = Double(perMinute)
            self.burst = Double(burst)
        }
    }

    private struct Bucket {
        var tokens: Double
        var at: UInt64
    }

    private struct Table {
        var young: [String: Bucket] = [:]
        var old: [String: Bucket] = [:]

        mutating func use(_ key: String, _ body: (inout Bucket?) -> Int?) -> Int? {
            if young.count >= RateLimiter.most / 2, young[key] == nil { (old, young) = (young, [:]) }
            var bucket = young[key] ?? old.removeValue(forKey: key)
            defer { young[key] = bucket }
            return body(&bucket)
        }
    }

    static let most = 100_000
    private let table = Mutex(Table())
    private let size: Gauge

    /// - Parameter name: of its table, in metrics.
    public init(name: String) {
        size = Metrics.shared.queue(name, limit: Self.most)
    }

    /// Buckets that it holds.
    var length: Int { table.withLock { $0.young.count + $0.old.count } }

    /// Takes one token, or only looks whether there is one.
    /// - Parameter cost: 1 or 0.
    /// - Returns: `nil` when there was one, otherwise the seconds until there is one.
    public func take(_ key: String, _ rate: Rate, cost: Double = 1) -> Int? {
        use(key, rate) { bucket in
            guard bucket.tokens < 1 else {
                bucket.tokens -= cost
                return nil
            }
            return max(1, Int(((1 - bucket.tokens) * 60 / rate.perMinute).rounded(.up)))
        }
    }

    /// Takes what something has turned out to cost, though there may not be as much: then the bucket has to make up for it
    /// first, a whole one at most.
    public func charge(_ key: String, _ rate: Rate, cost: Double) {
        _ = use(key, rate) { bucket in
            bucket.tokens = max(-rate.burst, bucket.tokens - cost)
            return nil
        }
    }

    private func use(_ key: String, _ rate: Rate, _ body: (inout Bucket) -> Int?) -> Int? {
        table.withLock { table in
            // Inside the lock, which orders the times that different threads read.
            let now = monotonicNanoseconds()
            defer { size.set(table.young.count + table.old.count) }
            return table.use(key) { used in
                var bucket = used ?? Bucket(tokens: rate.burst, at: now)
                let minutes = Double(now - bucket.at) / 60e9
                bucket.tokens = min(rate.burst, bucket.tokens + minutes * rate.perMinute)
                bucket.at = now
                defer { used = bucket }
                return body(&bucket)
            }
        }
    }
}
