/// Why a log-in by a provider came to nothing. Nothing of what the provider has said is in it.
public enum ProviderFailure: Error, Equatable, Sendable {
    /// It can't be used for the moment. Whoever comes again later may have more luck.
    case unavailable(Reason)
    /// It does not take the code: it was used before, or has ended.
    case codeRefused
    /// What it says of the user is not to be believed.
    case tokenRefused(IDToken.Failure)

    /// The class of a failure, for the operator's log.
    public enum Reason: String, Sendable {
        case unreachable, timeout, broken
        /// Too many wait for it already.
        case busy
        case tooLarge = "too_large"
        /// A status that is neither success nor a refusal of the code.
        case status
        /// A document that is none, or lacks what is needed.
        case malformed
        /// The document is of another issuer.
        case issuer
        /// An address that is neither https nor allowed in tests.
        case address
        /// It does not take our client id or secret.
        case client
        /// It was away a moment ago, and is not asked again yet.
        case away
    }

    /// For the log.
    var word: String {
        switch self {
        case .unavailable(let reason): reason.rawValue
        case .codeRefused: "code_refused"
        case .tokenRefused(let failure): "token_" + failure.rawValue
        }
    }
}
