public import Core

/// The access token of a service account: one request for it at a time, another one before it ends. Times are
/// milliseconds since 1970.
public struct FCMAccess: Sendable, Concealed {
    /// What who wants to send has to do.
    public enum Step: Sendable, Equatable, Concealed {
        /// Send with this token.
        case use(String)
        /// Send this, and give its response to `received`; others wait, or use the old token as long as it is good.
        case ask(PushRequest)
        /// There is none. Come again then, or after the next `received`.
        case wait(until: Int64)
    }

    private static let longestToken = 4096
    /// Seconds that a token may be said to be good for; Google says an hour.
    private static let longestLife: Int64 = 86_400
    /// For the way to Google, and for clocks.
    private static let margin: Int64 = 30_000
    /// Who has asked and says nothing has ended.
    private static let patience: Int64 = 30_000
    private static let longestPause: Int64 = 300_000

    private struct Token {
        let text: String
        let renewAt: Int64
        let endsAt: Int64
    }

    private let account: ServiceAccount
    private var token: Token?
    private var askedAt: Int64?
    private var notBefore: Int64 = 0
    private var failures = 0

    public init(_ account: ServiceAccount) { self.account = account }

    public mutating func next(now: Int64) -> Step {
        if let token, now < token.renewAt { return .use(token.text) }
        let isAsking = askedAt.map { (0..<Self.patience).contains(now - $0) } ?? false
        if !isAsking, now >= notBefore {
            askedAt = now
            return .ask(account.tokenRequest(now: now / 1000))
        }
        if let token, now < token.endsAt { return .use(token.text) }
        return .wait(until: isAsking ? askedAt! + Self.patience : notBefore)
    }

    /// - Returns: as a verdict about a message would be: `delivered` where there is a token now. Who is refused asks again
    ///   in a while all the same: the operator may have set it right at Google.
    public mutating func received(_ response: PushResponse, now: Int64) -> PushVerdict {
        let verdict = FCMTokenResponses.verdict(of: response, now: now)
        if verdict.outcome == .delivered, let (text, life) = Self.token(in: response) {
            token = Token(text: text, renewAt: now + life * 4 / 5, endsAt: now + max(life - Self.margin, 0))
            (askedAt, notBefore, failures) = (nil, 0, 0)
            return verdict
        }
        if verdict.outcome == .delivered {
            // A 200 without a token is not Google's.
            return failed(PushVerdict(.temporary(wait: nil), of: .credential, status: response.status), now)
        }
        return failed(verdict, now)
    }

    public mutating func received(_ failure: PushFailure, now: Int64) -> PushVerdict {
        failed(PushVerdict(.temporary(wait: nil), of: .credential, reason: failure.rawValue), now)
    }

    /// FCM has responded 401 to this token: it is used no more.
    /// - Returns: whether another one may come of asking at once.
    public mutating func refused(_ text: String, now: Int64) -> Bool {
        guard let token, token.text.isExactly(text) else { return true }
        self.token = nil
        return now >= notBefore
    }

    private mutating func failed(_ verdict: PushVerdict, _ now: Int64) -> PushVerdict {
        failures = min(failures + 1, 20)
        let pause = min(Int64(1000) << Int64(failures - 1), Self.longestPause)
        let asked: Int64? =
            switch verdict.outcome {
            case .throttled(let wait): wait
            case .temporary(let wait): wait
            case .credentialRefused: Self.longestPause
            default: nil
            }
        (askedAt, notBefore) = (nil, now + max(pause, asked ?? 0))
        return verdict
    }

    /// - Returns: the token, and the milliseconds that it is good for.
    private static func token(in response: PushResponse) -> (String, Int64)? {
        guard let object = response.object, let text = object["access_token"]?.string,
            Checks.isHeaderText(text, 1...longestToken),
            object["token_type"]?.string?.equalsIgnoringCase("bearer") == true,
            let seconds = object["expires_in"]?.integer, seconds > 0
        else { return nil }
        return (text, min(seconds, longestLife) * 1000)
    }
}
