/// Who may call an operation.
public enum Access: Sendable {
    /// Anyone; a token is not looked at.
    case anyone
    /// Anyone, but a token that is given must be good.
    case optional
    case signedIn
    /// Signed in by a token, or by a ticket in the query, which the handler checks.
    case ticket(Parameter<String?>)
}
