public import Core

/// The token of one key. Apple takes each for an hour, and refuses who makes them more often than every 20 minutes.
public struct APNsTokens: Sendable, Concealed {
    /// Seconds between two tokens.
    public static let leastAge: Int64 = 20 * 60
    /// Seconds after which there is another one.
    static let use: Int64 = 45 * 60

    /// One of them.
    public struct Token: Sendable, Equatable, Concealed {
        public let text: String
        /// Seconds since 1970.
        public let madeAt: Int64

        public init(text: String, madeAt: Int64) { (self.text, self.madeAt) = (text, madeAt) }
    }

    private let key: APNsKey
    private var text = ""
    private var madeAt: Int64?
    private var isRefused = false

    public init(_ key: APNsKey) { self.key = key }

    /// - Parameter now: seconds since 1970.
    public mutating func token(now: Int64) -> String {
        if let current = current(now: now) { return current.text }
        (text, madeAt, isRefused) = (key.token(now: now), now, false)
        return text
    }

    /// The one that there is; `nil`: there must be another one.
    public func current(now: Int64) -> Token? {
        guard let madeAt, !mayRenew(now, madeAt) else { return nil }
        return Token(text: text, madeAt: madeAt)
    }

    /// Takes one that another process has made, if it is good still and newer than what there is.
    public mutating func adopt(_ other: Token, now: Int64) {
        // Clocks differ a little.
        guard (-60..<Self.use).contains(now - other.madeAt), other.madeAt > madeAt ?? .min else { return }
        (text, madeAt, isRefused) = (other.text, other.madeAt, false)
    }

    /// Another process was first.
    public mutating func replace(by other: Token) { (text, madeAt, isRefused) = (other.text, other.madeAt, false) }

    /// Apple says that a token has ended.
    /// - Returns: whether `token` gives another one now. Where not, the one that there is is all that there may be for
    ///   a while: the clock may be wrong.
    public mutating func refused(_ token: String, now: Int64) -> Bool {
        guard token.isExactly(text), let madeAt else { return true }
        isRefused = true
        return mayRenew(now, madeAt)
    }

    private func mayRenew(_ now: Int64, _ madeAt: Int64) -> Bool {
        let age = now - madeAt
        // Where the clock was set back, it is Apple who says that there must be another one.
        return age >= Self.use || isRefused && !(0..<Self.leastAge).contains(age)
    }
}
