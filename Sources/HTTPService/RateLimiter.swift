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

        public init(perHour: Int, burst: Int) {
            perMinute = Double(perHour) / 60
            self.burst = Double(burst)
        }
    }

    fileprivate struct Bucket {
        var tokens: Double
        var at: UInt64
    }

    private struct Table {
        var young: [String: Bucket] = [:]
        var old: [String: Bucket] = [:]

        mutating func use<T>(_ key: String, _ body: (inout Bucket?) -> T) -> T {
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

    /// Takes one token.
    /// - Returns: `nil` when there was one, otherwise the seconds until there is one.
    public func take(_ key: String, _ rate: Rate) -> Int? { take([(key, rate)]) }

    /// Takes one token from each bucket, or none from any.
    /// - Parameter wanted: different keys.
    /// - Returns: `nil` when there was one in each, otherwise the seconds until there is.
    public func take(_ wanted: [(key: String, rate: Rate)]) -> Int? {
        table.withLock { table in
            // Inside the lock, which orders the times that different threads read.
            let now = monotonicNanoseconds()
            defer { size.set(table.young.count + table.old.count) }
            let wait = wanted.compactMap { key, rate in table.use(key) { Self.wait($0.fill(rate, now), rate) } }.max()
            guard wait == nil else { return wait }
            for (key, _) in wanted { table.use(key) { $0!.tokens -= 1 } }
            return nil
        }
    }

    /// Whether there is a token, of which none is taken.
    /// - Returns: `nil` when there is, otherwise the seconds until there is.
    public func look(_ key: String, _ rate: Rate) -> Int? {
        table.withLock { table in table.use(key) { Self.wait($0.fill(rate, monotonicNanoseconds()), rate) } }
    }

    /// Takes what something has turned out to cost, though there may not be as much: then the bucket has to make up for it
    /// first, a whole one at most.
    public func charge(_ key: String, _ rate: Rate, cost: Double) {
        table.withLock { table in
            table.use(key) { bucket in
                let left = bucket.fill(rate, monotonicNanoseconds()) - cost
                bucket!.tokens = max(-rate.burst, left)
            }
        }
    }

    private static func wait(_ tokens: Double, _ rate: Rate) -> Int? {
        tokens >= 1 ? nil : max(1, Int(((1 - tokens) * 60 / rate.perMinute).rounded(.up)))
    }
}

extension RateLimiter.Bucket? {
    /// What has come since the last use is put in; a new bucket is full.
    /// - Returns: the tokens that it holds now.
    fileprivate mutating func fill(_ rate: RateLimiter.Rate, _ now: UInt64) -> Double {
        var bucket = self ?? RateLimiter.Bucket(tokens: rate.burst, at: now)
        bucket.tokens = Swift.min(rate.burst, bucket.tokens + Double(now - bucket.at) / 60e9 * rate.perMinute)
        bucket.at = now
        self = bucket
        return bucket.tokens
    }
}
