public import Core
import Synchronization
public import Wire

/// Limits on log-ins to one account, for all threads (`LogInLimits` has the rule).
public final class RouteLimits: Sendable {
    private let limits = Mutex(LogInLimits())
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
        let wait = limits.withLock { limits in
            defer { size.set(limits.count) }
            return limits.check(handle: handle, from: address, isKnown: isKnown, now: now)
        }
        guard let seconds = wait else { return }
        throw Problem(.rateLimited, "too many log-ins to this account: wait \(seconds) s", retryAfter: seconds)
    }
}
