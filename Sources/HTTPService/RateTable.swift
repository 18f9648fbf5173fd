/// Token buckets by key. A value that is told the time: no clock, no lock.
///
/// It is bounded: it has two generations, and when the young one is full the old one is forgotten. A bucket that is used
/// moves to the young one, so whoever goes on asking is not forgotten, however many others come.
public struct RateTable: Sendable {
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

    private struct Bucket {
        var tokens: Double
        var at: UInt64
    }

    /// Buckets that it holds at most.
    public static let most = 100_000

    private let most: Int
    private var young: [String: Bucket] = [:]
    private var old: [String: Bucket] = [:]

    public init(most: Int = Self.most) {
        self.most = most
    }

    public var count: Int { young.count + old.count }

    /// Takes one token from each bucket, or none from any.
    /// - Parameters:
    ///   - wanted: different keys.
    ///   - now: nanoseconds of a clock that never steps.
    /// - Returns: `nil` when there was one in each, otherwise the seconds until there is.
    public mutating func take(_ wanted: [(key: String, rate: Rate)], now: UInt64) -> Int? {
        let wait = wanted.compactMap { key, rate in use(key, rate, now) { Self.wait($0, rate) } }.max()
        guard wait == nil else { return wait }
        for (key, rate) in wanted { use(key, rate, now) { $0 -= 1 } }
        return nil
    }

    /// Whether there is a token, of which none is taken.
    /// - Returns: `nil` when there is, otherwise the seconds until there is.
    public mutating func look(_ key: String, _ rate: Rate, now: UInt64) -> Int? {
        use(key, rate, now) { Self.wait($0, rate) }
    }

    /// Takes what something has turned out to cost, though there may not be as much: then the bucket has to make up for it
    /// first, a whole one at most.
    public mutating func charge(_ key: String, _ rate: Rate, cost: Double, now: UInt64) {
        use(key, rate, now) { $0 = max(-rate.burst, $0 - cost) }
    }

    /// The tokens of a bucket, with what has come since its last use; a new bucket is full.
    private mutating func use<T>(
        _ key: String, _ rate: Rate, _ now: UInt64, _ body: (inout Double) -> T
    ) -> T {
        if young.count >= most / 2, young[key] == nil { (old, young) = (young, [:]) }
        var bucket = young[key] ?? old.removeValue(forKey: key) ?? Bucket(tokens: rate.burst, at: now)
        // Two threads may come in another order than they have read the clock.
        let passed = now > bucket.at ? Double(now - bucket.at) : 0
        bucket.tokens = min(rate.burst, bucket.tokens + passed / 60e9 * rate.perMinute)
        bucket.at = max(bucket.at, now)
        defer { young[key] = bucket }
        return body(&bucket.tokens)
    }

    private static func wait(_ tokens: Double, _ rate: Rate) -> Int? {
        tokens >= 1 ? nil : max(1, Int(((1 - tokens) * 60 / rate.perMinute).rounded(.up)))
    }
}
