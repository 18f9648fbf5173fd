import Synchronization
public import Wire

/// Limits on log-ins to one account, wherever they come from.
///
/// Whoever guesses from many addresses meets the account's limit. The owner must not be locked out by that, so an address
/// from which the account was opened before has a limit of its own.
public final class RouteLimits: Sendable {
    private static let mostAccounts = 100_000
    private static let mostAddresses = 8
    private let limiter = RateLimiter(name: "account_rates")
    private let areOn: Bool
    /// From where accounts were opened lately, by handle; the latest address last.
    private let known = Mutex<[String: [String]]>([:])

    public init(areOn: Bool) {
        self.areOn = areOn
    }

    public func checkLogIn(handle: String, from address: String) throws(Problem) {
        guard areOn else { return }
        let isKnown = known.withLock { $0[handle]?.contains(address) ?? false }
        // The handle is the caller's text: it stands last, so that none of it can be taken for an address.
        let key = isKnown ? "known \(address) \(handle)" : "any \(handle)"
        guard let seconds = limiter.take(key, RateLimits.perAccount) else { return }
        throw Problem(.rateLimited, "too many log-ins to this account: wait \(seconds) s", retryAfter: seconds)
    }

    /// Somebody has shown that the account is theirs.
    public func wasOpened(handle: String, from address: String) {
        guard areOn else { return }
        known.withLock { known in
            if known[handle] == nil, known.count >= Self.mostAccounts { known.remove(at: known.startIndex) }
            let others = (known[handle] ?? []).filter { $0 != address }
            known[handle] = others.suffix(Self.mostAddresses - 1) + [address]
        }
    }
}
