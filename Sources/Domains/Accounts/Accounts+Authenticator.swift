import Core
import Crypto
public import HTTPService

extension Accounts: Authenticator {
    public func authenticate(_ accessToken: String) throws(Problem) -> Caller {
        let token: AccessToken
        do throws(TokenFailure) {
            token = try verify(accessToken)
        } catch {
            switch error {
            case .expired: throw Problem(.tokenExpired, "the access token has expired: refresh it")
            case .invalid: throw Problem(.unauthenticated, "the access token is not valid")
            }
        }
        guard !revocations.contains(token.session) else {
            throw Problem(.unauthenticated, "the session has ended")
        }
        return Caller(
            user: token.subject, session: token.session, expiresAt: token.expiresAt,
            isLeaving: token.isLeaving)
    }
}
