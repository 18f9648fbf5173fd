import Core

/// What one attempt came to, and where that was seen.
public struct PushVerdict: Sendable, Equatable {
    /// What a limit or a circuit is kept for.
    public enum Scope: String, Sendable {
        /// Of others nothing is known by it. A webhook is one, with its secret.
        case device
        /// Our credential at this host: anybody can run a push service, and one that refuses all says nothing of others.
        case host
        /// Our credential, wherever it is used.
        case credential
    }

    public let outcome: PushOutcome
    public let scope: Scope
    /// `nil`: there was no response.
    public let status: Int?
    /// The provider's word for it, as far as it is harmless; or ours, where it has none.
    public let reason: String?

    init(_ outcome: PushOutcome, of scope: Scope, status: Int? = nil, reason: String? = nil) {
        (self.outcome, self.scope, self.status) = (outcome, scope, status)
        self.reason = reason?.harmlessName
    }
}
