import Core
import HTTPService

/// Sign-up, log-in, tokens.
struct AccountRoutes: Sendable {
    let accounts: Accounts
    let writes: Writes
    let limits: LogInLimits

    var routes: [Route] {
        [
            Route("POST", "/v1/auth/signup", .anyone, .auth) { try await signUp($0) },
            Route("POST", "/v1/auth/login", .anyone, .auth) { try await logIn($0) },
            Route("POST", "/v1/auth/refresh", .anyone, .auth) { try await refresh($0) },
            Route("POST", "/v1/auth/logout", .anyone, .auth) { try await logOut($0) },
        ]
    }

    private func signUp(_ scope: RequestScope) async throws -> Answer {
        let body = try scope.body(["handle", "password", "display_name"])
        let handle = try AccountFields.handle(try body.string("handle"))
        let password = try AccountFields.password(try body.string("password"))
        let displayName = try AccountFields.displayName(try body.optionalString("display_name") ?? handle)
        let hash = try await accounts.hashPassword(password)
        return try await writes.run(scope, user: .zero, route: "signup") { transaction in
            let grant = try await accounts.signUp(
                transaction, handle: handle, displayName: displayName, passwordHash: hash, from: scope.address)
            return StoredAnswer(status: 201, body: Self.session(grant), session: grant.session)
        }
    }

    private func logIn(_ scope: RequestScope) async throws -> Answer {
        let body = try scope.body(["handle", "password"])
        let handle = try body.string("handle").lowercased()
        let password = try body.string("password")
        // Nobody has such a handle or password; the text must not grow the limiter's table or the hash's work.
        guard handle.utf8.count <= 64, password.unicodeScalars.count <= 256, !handle.utf8.contains(0) else {
            throw Problem(.invalidCredentials, "no account has this handle and password")
        }
        let candidate = try await accounts.candidate(handle: handle, from: scope.address)
        try limits.checkLogIn(handle: handle, from: scope.address, isKnown: candidate.isFromKnownAddress)
        let user = try await accounts.authenticate(candidate, password: password)
        return try await writes.run(scope, user: .zero, route: "login") { transaction in
            let grant = try await accounts.logIn(transaction, user: user, from: scope.address)
            return StoredAnswer(status: 200, body: Self.session(grant), session: grant.session)
        }
    }

    private func refresh(_ scope: RequestScope) async throws -> Answer {
        guard let token = try Self.refreshToken(scope) else { throw Self.invalidToken }
        return try await writes.run(scope, user: .zero, route: "refresh") { transaction in
            switch try await accounts.refresh(
                transaction, refreshToken: token, from: scope.address, answer: Self.session)
            {
            case .granted(let body, let session), .repeated(let body, let session):
                return StoredAnswer(status: 200, body: body, session: session)
            case .reused:
                // An answer, not an error: the end of the session must be committed.
                let problem = Problem(.tokenReused, "this token was used before: the session has ended, log in again")
                return StoredAnswer(status: 401, body: problem.json(requestID: scope.requestID))
            case .unknown: throw Self.invalidToken
            }
        }
    }

    private func logOut(_ scope: RequestScope) async throws -> Answer {
        _ = try scope.idempotencyKey()
        // Nobody has a session by what is no refresh token: there is nothing to end, and nothing to store.
        guard let token = try Self.refreshToken(scope) else { return Answer(status: 204) }
        return try await writes.run(scope, user: .zero, route: "logout") { transaction in
            let isKnown = try await accounts.logOut(transaction, refreshToken: token)
            return StoredAnswer(status: 204, body: [], isKept: isKnown)
        }
    }

    private static let invalidToken = Problem(.invalidCredentials, "the refresh token is not valid")

    /// `nil` for a text that can be none.
    private static func refreshToken(_ scope: RequestScope) throws(Problem) -> String? {
        let token = try scope.body(["refresh_token"]).string("refresh_token")
        return Accounts.isRefreshToken(token) ? token : nil
    }

    @Sendable private static func session(_ grant: SessionGrant) -> [UInt8] {
        var writer = ByteWriter(capacity: 768)
        writer.append(ascii: "{\"user\":")
        grant.user.append(to: &writer)
        writer.append(ascii: ",\"access_token\":")
        writer.append(jsonString: grant.accessToken)
        writer.append(ascii: ",\"token_type\":\"Bearer\",\"expires_in\":")
        writer.append(decimal: grant.expiresIn)
        writer.append(ascii: ",\"refresh_token\":")
        writer.append(jsonString: grant.refreshToken)
        writer.append(ascii: "}")
        return writer.bytes
    }
}
