import HTTPService

/// How many log-ins to one account are let through. A value that is told the time.
///
/// An address from which the account was opened before has a limit of its own, which no stranger can use up. All others
/// share one; and when that is used up, whoever comes from an address that has not tried this account within the hour still
/// has one try: the owner on a journey gets in, however much one stranger guesses. Who guesses from many addresses has as
/// many tries, so these are bounded, too: by network and by account. Only somebody with hundreds of addresses in dozens of
/// networks can use up all of them, and keeps the owner out of new addresses for as long as that goes on.
struct LogInRates: Sendable {
    /// Log-ins to one account: from an address that opened it before, and from all others together. Also what one of the
    /// others may have of that.
    static let perAccount = RateLimiter.Rate(perMinute: 10, burst: 10)

    /// Beside that, an address that has not tried this account for an hour has a try of its own,
    private static let freshTry = RateLimiter.Rate(perHour: 1, burst: 1)
    /// so many addresses of one network (an IPv4 /24, an IPv6 /48),
    private static let freshTriesOfNetwork = RateLimiter.Rate(perHour: 60, burst: 20)
    /// and so many in all.
    private static let freshTriesOfAccount = RateLimiter.Rate(perMinute: 10, burst: 200)

    /// For people.
    static let inWords =
        "For an account \(perAccount) log-ins from each address that opened it before and \(perAccount) from all others "
        + "together, of which one that comes new has a try of its own."

    private var table = RateTable()

    /// Keys that it counts by.
    var count: Int { table.count }

    /// - Parameters:
    ///   - address: as `IPAddress.customer` names it.
    ///   - isKnown: the account was opened from there before.
    ///   - now: nanoseconds of a clock that never steps.
    /// - Returns: `nil`: it is let through; otherwise the seconds until the next one is.
    mutating func check(handle: String, from address: String, isKnown: Bool, now: UInt64) -> Int? {
        // The handle is the caller's text: it comes last, so that none of it can be taken for an address.
        let own = (key: "own \(address) \(handle)", rate: Self.perAccount)
        guard !isKnown else { return table.take([own], now: now) }
        guard let shared = table.take([own, (key: "shared \(handle)", rate: Self.perAccount)], now: now) else {
            return nil
        }
        let fresh = table.take(
            [
                (key: "fresh \(address) \(handle)", rate: Self.freshTry),
                (key: "network \(Self.network(of: address)) \(handle)", rate: Self.freshTriesOfNetwork),
                (key: "account \(handle)", rate: Self.freshTriesOfAccount),
            ], now: now)
        return fresh == nil ? nil : shared
    }

    /// The IPv4 /24 or IPv6 /48 around an address.
    static func network(of address: String) -> String {
        guard let number = UInt64(address.dropFirst(2), radix: 16) else { return address }
        if address.hasPrefix("4:") { return "4:" + String(number >> 8, radix: 16) }
        return address.hasPrefix("6:") ? "6:" + String(number >> 16, radix: 16) : address
    }
}
