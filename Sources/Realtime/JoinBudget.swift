import Core
import HTTPService
import Live

/// What joining and resuming costs, counted by user and by address. Letting in costs one token, and is refused without
/// one; what the client is then told of what it missed is charged behind it, for only the read shows how much that is.
public final class JoinBudget: Sendable {
    /// Live connections that join or resume: one token each, and more by what they are told.
    private static let ofUser = RateLimiter.Rate(perMinute: 300, burst: 300)
    /// A crowd that lost its connections comes back all at once.
    private static let ofAddress = RateLimiter.Rate(perMinute: 24_000, burst: 12_000)

    /// For people.
    public static let summary =
        "Live connections, where one that resumes counts by what it missed: \(ofUser) for a user and \(ofAddress) for an "
        + "address."

    private static let eventsForAToken = 10.0
    private static let bytesForAToken = 16_384.0
    /// The timeline was looked through, and nothing comes of it.
    private static let reset = 5.0
    private let limiter = RateLimiter(name: "join_rates")
    private let refused = Metrics.shared.counter(.joinsRefused)
    private let isOn: Bool

    init(isOn: Bool) {
        self.isOn = isOn
    }

    /// Takes a token of each that is given.
    /// - Returns: `nil` when it is paid, otherwise the seconds until there may be enough.
    func pay(user: ID? = nil, address: String? = nil) -> Int? {
        count(user, address) { limiter.take($0, $1) }
    }

    /// Whether there is something left, for one who pays for the request elsewhere.
    /// - Returns: as for `pay`.
    func isUsedUp(user: ID, address: String? = nil) -> Int? {
        count(user, address) { limiter.look($0, $1) }
    }

    private func count(_ user: ID?, _ address: String?, _ wait: (String, RateLimiter.Rate) -> Int?) -> Int? {
        guard isOn else { return nil }
        let seconds =
            user.flatMap { wait("u\($0)", Self.ofUser) }
            ?? address.flatMap { wait("a\($0)", Self.ofAddress) }
        if seconds != nil { refused.add() }
        return seconds
    }

    /// Takes a token, of which it is known that there was one a moment ago.
    func charge(user: ID) {
        if isOn { limiter.charge("u\(user)", Self.ofUser, cost: 1) }
    }

    /// Subscriptions that come with something that was paid for.
    func charge(user: ID, channels: Int) {
        if isOn, channels > 0 { limiter.charge("u\(user)", Self.ofUser, cost: Double(channels)) }
    }

    func charge(user: ID, address: String, _ outcome: JoinOutcome) {
        if case .live = outcome.verdict { return }
        charge(user: user, address: address, outcome.missed)
    }

    /// - Parameter missed: `nil` for a reset.
    func charge(user: ID, address: String, _ missed: [Publication]?) {
        let cost = missed.map { Double($0.count) / Self.eventsForAToken + Double($0.size) / Self.bytesForAToken }
        charge(user, address, cost: cost ?? Self.reset)
    }

    private func charge(_ user: ID, _ address: String, cost: Double) {
        guard isOn, cost > 0 else { return }
        limiter.charge("u\(user)", Self.ofUser, cost: cost)
        limiter.charge("a\(address)", Self.ofAddress, cost: cost)
    }

    static func refusal(_ seconds: Int) -> Problem {
        Problem(.rateLimited, "too much of the live feed was asked for: wait \(seconds) s", retryAfter: seconds)
    }
}
