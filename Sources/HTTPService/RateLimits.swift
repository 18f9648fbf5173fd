/// The numbers of the rate limits, in one place.
///
/// Who is signed in is counted by user; who is not, by address. Many people may share an address (an office, a school, a
/// mobile network), so all signed-in users of one address together have twenty times what one user has: it stops one
/// machine with many accounts, not a crowd. For the same reason log-ins are allowed to an address by the hundred; that
/// guessing one account's password is slow, is counted by account (`LogInLimits`).
public enum RateLimits {
    static let user: [Route.Class: RateLimiter.Rate] = [
        .read: .init(perMinute: 1200, burst: 300),
        .write: .init(perMinute: 180, burst: 60),
        .auth: .init(perMinute: 60, burst: 60),
    ]

    /// Requests without a user.
    static let address: [Route.Class: RateLimiter.Rate] = [
        .read: .init(perMinute: 1200, burst: 300),
        .write: .init(perMinute: 180, burst: 60),
        .auth: .init(perMinute: 600, burst: 300),
    ]

    /// All signed-in users of an address.
    static let crowd: [Route.Class: RateLimiter.Rate] = [
        .read: .init(perMinute: 24_000, burst: 6000),
        .write: .init(perMinute: 3600, burst: 1200),
        .auth: .init(perMinute: 600, burst: 300),
    ]

    /// What a route allows to an address, beside the limit of its class: those that burn time for a password.
    static let routes: [String: RateLimiter.Rate] = [
        "POST/v1/auth/signup": .init(perMinute: 30, burst: 30),
        "POST/v1/auth/login": .init(perMinute: 120, burst: 120),
    ]

    /// Live connections that join or resume: one token each, and more by what they are told (`JoinBudget`).
    public static let joins = RateLimiter.Rate(perMinute: 300, burst: 300)

    /// Those of an address. A crowd that lost its connections comes back all at once.
    public static let joinsOfAddress = RateLimiter.Rate(perMinute: 24_000, burst: 12_000)

    /// For people: in `--help` and in the OpenAPI document.
    public static var summary: String {
        func numbers(_ rates: [Route.Class: RateLimiter.Rate]) -> String {
            "\(rates[.read]!) reads and \(rates[.write]!) writes"
        }
        return "A minute (at once): for a user \(numbers(user)); for an address without a user \(numbers(address)), "
            + "\(address[.auth]!) calls of /v1/auth/, of these \(routes["POST/v1/auth/login"]!) log-ins and "
            + "\(routes["POST/v1/auth/signup"]!) sign-ups; for all users of an address together \(numbers(crowd)); "
            + "for an account 10 (10) log-ins from each address that opened it before and 10 (10) from all "
            + "others together, of which one that comes new has a try of its own; live connections, "
            + "where one that resumes counts by what it missed, \(joins) for a user and \(joinsOfAddress) for an "
            + "address. An IPv6 address stands for its /64."
    }
}

extension RateLimiter.Rate: CustomStringConvertible {
    public var description: String { "\(Int(perMinute)) (\(Int(burst)))" }
}
