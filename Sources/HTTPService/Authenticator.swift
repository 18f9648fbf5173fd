/// Who knows access tokens. A domain provides it; the router knows no accounts.
public protocol Authenticator: Sendable {
    /// A good access token of a session that has not ended. Asks nobody: it is called for each request.
    /// - Throws: `unauthenticated` or `tokenExpired`.
    func authenticate(_ accessToken: String) throws(Problem) -> Caller

    /// Why the caller may only read (`Operation.servesSuspended`); `nil`: he may do more. Asks nobody, either.
    func refusal(of caller: Caller) -> Problem?
}
