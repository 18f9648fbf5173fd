public import Core
public import HTTPService
import Synchronization

/// Limits on log-ins to one account, for all threads (`LogInRates` has the rule).
public final class LogInLimits: Sendable {
    /// What an address may have beside the limit of its class: these burn time for a password.
    static let signUpsOfAddress = RateLimiter.Rate(perMinute: 30, burst: 30)
    static let logInsOfAddress = RateLimiter.Rate(perMinute: 120, burst: 120)

    /// For people.
    public static let summary =
        "Of calls about sessions \(logInsOfAddress) log-ins and \(signUpsOfAddress) sign-ups for an address, and as many by "
        + "recovery codes and without a name. "
        + LogInRates.inWords

    private let rates = Mutex(LogInRates())
    private let size = Metrics.shared.queue("account_rates", limit: RateTable.most)
    private let clock: any MonotonicClock
    private let areOn: Bool

    public init(areOn: Bool, clock: any MonotonicClock = SystemClock()) {
        self.areOn = areOn
        self.clock = clock
    }

    /// - Parameters:
    ///   - address: as `IPAddress.customer` names it.
    ///   - isKnown: the account was opened from there before.
    public func checkLogIn(handle: String, from address: String, isKnown: Bool) throws(Problem) {
        guard areOn else { return }
        let now = clock.nanoseconds()
        let wait = rates.withLock { rates in
            defer { size.set(rates.count) }
            return rates.check(handle: handle, from: address, isKnown: isKnown, now: now)
        }
        guard let seconds = wait else { return }
        throw Problem(.rateLimited, "too many log-ins to this account: wait \(seconds) s", retryAfter: seconds)
    }
}
