public import Core

/// Who may call an operation.
public enum Access: Sendable {
    /// Anyone; a token is not looked at.
    case anyone
    /// Anyone, but a token that is given must be good.
    case optional
    case signedIn
    /// The same, or who has asked to be erased and may do nothing else.
    case signedInOrLeaving
    /// The user whose id is in the path; others get 403 with these words, whatever else they ask for.
    case owner(PathParameter<ID>, refusal: String)
    /// Signed in by a token, or by a ticket in the query, which the handler checks.
    case ticket(Parameter<String?>)
}
