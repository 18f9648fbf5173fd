import Core
import Synchronization

/// Token buckets by key, in this process. The table is bounded: full buckets are forgotten first.
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

    private static let most = 100_000
    private let buckets = Mutex<[String: Bucket]>([:])
    private let size: Gauge

    /// - Parameter name: of its table, in metrics.
    public init(name: String) {
        size = Metrics.shared.queue(name, limit: Self.most)
    }

    /// Takes one token.
    /// - Returns: `nil` when there was one, otherwise the seconds until there is one.
    public func take(_ key: String, _ rate: Rate) -> Int? {
        buckets.withLock { buckets in
            // Inside the lock, which orders the times that different threads read.
            let now = monotonicNanoseconds()
            if buckets.count >= Self.most { Self.forget(&buckets, now) }
            var bucket = buckets[key] ?? Bucket(tokens: rate.burst, at: now)
            let minutes = Double(now - bucket.at) / 60e9
            bucket.tokens = min(rate.burst, bucket.tokens + minutes * rate.perMinute)
            bucket.at = now
            defer {
                buckets[key] = bucket
                size.set(buckets.count)
            }
            guard bucket.tokens < 1 else {
                bucket.tokens -= 1
                return nil
            }
            return max(1, Int(((1 - bucket.tokens) * 60 / rate.perMinute).rounded(.up)))
        }
    }

    private static func forget(_ buckets: inout [String: Bucket], _ now: UInt64) {
        // What has rested for ten minutes is full again at every rate that is used here.
        buckets = buckets.filter { now - $0.value.at < 600_000_000_000 }
        if buckets.count >= most { buckets.removeAll() }
    }
}
