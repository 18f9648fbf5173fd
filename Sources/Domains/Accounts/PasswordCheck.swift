public import HTTPService

/// Makes sure that it is the user himself who asks, and not who has found his session.
public struct PasswordCheck: Sendable {
    let accounts: Accounts
    let limits: LogInLimits

    /// By `password` or `recovery_code` of the body, which are declared in `AccountFields`; an account that has no password,
    /// and is opened by a provider, by a young session.
    /// - Throws: `Problem`: `passwordRequired` where it is another one, or none is given.
    package func verify(_ request: RequestContext) async throws -> VerifiedUser {
        switch (request[AccountFields.confirmingPassword], request[AccountFields.confirmingCode]) {
        case (let password?, nil): return try await verify(password, of: request, field: "password")
        case (nil, let code?):
            guard let code = RecoveryCode(code), let verified = try await accounts.verify(code, of: request.caller)
            else {
                throw Problem(.passwordRequired, "the recovery code is another one", field: "recovery_code")
            }
            return verified
        case (nil, nil):
            if try await accounts.kind(of: request.caller).confirmsBySession {
                return try await accounts.verifyBySession(request.authenticated!)
            }
            throw Problem(.passwordRequired, "give the account's password or its recovery code", field: "password")
        case (_?, _?):
            throw Problem(.invalidField, "give the password or the recovery code, not both", field: "recovery_code")
        }
    }

    /// Costs as much as a log-in, and counts as one.
    /// - Throws: `Problem`: `passwordRequired` where it is another one.
    public func verify(
        _ password: String, of request: RequestContext, field: String
    ) async throws -> VerifiedUser {
        guard let handle = try await accounts.handle(of: request.caller) else {
            throw Problem(.unauthenticated, "the account has gone")
        }
        let candidate = try await accounts.candidate(handle: handle, from: request.address)
        // By id, which nobody can change: no handle has a space.
        try limits.checkLogIn(
            handle: "user \(request.caller)", from: request.address, isKnown: candidate.isFromKnownAddress)
        do {
            let verified = try await accounts.authenticate(candidate, password: password)
            // The handle may be another's by now.
            guard verified.id == request.caller else { throw Accounts.noSuchAccount }
            return verified
        } catch let problem as Problem where problem.code == .invalidCredentials {
            throw Problem(.passwordRequired, "the password is another one", field: field)
        }
    }
}
