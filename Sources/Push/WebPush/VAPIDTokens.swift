public import Core

/// The tokens of a key, one for each push service. They are kept, for services remember tokens that they have checked.
public struct VAPIDTokens: Sendable, Concealed {
    /// Seconds that a token is good for. A day is what services take, by their clock.
    static let life: Int64 = 22 * 3600
    /// Seconds that it is used.
    static let use: Int64 = 12 * 3600
    /// Push services. Anybody can run one.
    public static let most = 1000

    private struct Token {
        let authorization: String
        let madeAt: Int64
    }

    public let key: VAPIDKey
    private var tokens: [String: Token] = [:]

    public init(_ key: VAPIDKey) { self.key = key }

    public var count: Int { tokens.count }

    /// The value of `Authorization` for a push service.
    /// - Parameters:
    ///   - audience: the service's origin, as a subscription has it.
    ///   - now: seconds since 1970.
    public mutating func authorization(for audience: String, now: Int64) -> String {
        // A clock that was set back is no reason to use a token of the future.
        if let token = tokens[audience], (0..<Self.use).contains(now - token.madeAt) { return token.authorization }
        if tokens[audience] == nil, tokens.count >= Self.most { makeRoom(now) }
        let token = Token(authorization: key.authorization(for: audience, until: now + Self.life), madeAt: now)
        tokens[audience] = token
        return token.authorization
    }

    /// Those that are used no more go, and where all are, the older half.
    private mutating func makeRoom(_ now: Int64) {
        tokens = tokens.filter { (0..<Self.use).contains(now - $0.value.madeAt) }
        guard tokens.count >= Self.most else { return }
        let oldest = tokens.sorted { $0.value.madeAt < $1.value.madeAt }.prefix(Self.most / 2)
        for (audience, _) in oldest { tokens[audience] = nil }
    }
}
