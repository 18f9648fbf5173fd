public import Wire

/// Limits that a route keeps by itself, such as log-ins to one account.
public struct RouteLimits: Sendable {
    private let limiter = RateLimiter(name: "account_rates")
    private let areOn: Bool

    public init(areOn: Bool) {
        self.areOn = areOn
    }

    public func check(_ key: String, _ rate: RateLimiter.Rate) throws(Problem) {
        guard areOn, let seconds = limiter.take(key, rate) else { return }
        throw Problem(.rateLimited, "too many requests: wait \(seconds) s", retryAfter: seconds)
    }
}
