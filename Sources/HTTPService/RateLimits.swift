/// The numbers of the rate limits, in one place.
///
/// Who is signed in is counted by user; who is not, by address. Many people may share an address (an office, a school, a
/// mobile network), so all signed-in users of one address together have twenty times what one user has: it stops one
/// machine with many accounts, not a crowd. For the same reason log-ins are allowed to an address by the hundred; that
/// guessing one account's password is slow, is counted by account.
public enum RateLimits {
    static let user: [RateClass: RateLimiter.Rate] = [
        .read: .init(perMinute: 1200, burst: 300),
        .write: .init(perMinute: 180, burst: 60),
        .auth: .init(perMinute: 60, burst: 60),
    ]

    /// Requests without a user.
    static let address: [RateClass: RateLimiter.Rate] = [
        .read: .init(perMinute: 1200, burst: 300),
        .write: .init(perMinute: 180, burst: 60),
        .auth: .init(perMinute: 600, burst: 300),
    ]

    /// All signed-in users of an address.
    static let crowd: [RateClass: RateLimiter.Rate] = [
        .read: .init(perMinute: 24_000, burst: 6000),
        .write: .init(perMinute: 3600, burst: 1200),
        .auth: .init(perMinute: 600, burst: 300),
    ]

    /// For people. What counts single operations is said by those who have it.
    public static var summary: String {
        func numbers(_ rates: [RateClass: RateLimiter.Rate]) -> String {
            "\(rates[.read]!) reads and \(rates[.write]!) writes"
        }
        return "A minute (at once): for a user \(numbers(user)); for an address without a user \(numbers(address)), "
            + "\(address[.auth]!) calls of /v1/auth/; for all users of an address together \(numbers(crowd)). "
            + "An IPv6 address counts as its /64."
    }

    /// The same of one class.
    static func summary(of rate: RateClass) -> String {
        switch rate {
        case .free: ""
        case .read, .write:
            "A minute (at once): \(user[rate]!) for a user, \(address[rate]!) for an address without a user, "
                + "\(crowd[rate]!) for all users of an address together, counted with all \(rate.rawValue)s."
        case .auth: "A minute (at once): \(address[rate]!) for an address, counted with all of its kind."
        }
    }
}

extension RateLimiter.Rate: CustomStringConvertible {
    public var description: String { "\(Int(perMinute)) (\(Int(burst)))" }
}
