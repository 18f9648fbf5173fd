import Core
import HTTPService

/// Sign-up, log-in, tokens.
struct AccountOperations: Sendable {
    static let tag = Tag("accounts", "Sign-up, log-in, tokens")
    private static let tokenBody = RequestBody("RefreshToken", AccountFields.refreshToken)
    let accounts: Accounts
    let writes: Writes
    let limits: LogInLimits

    var all: [Operation] {
        [
            Operation(
                .post, "/v1/auth/signup", id: "signUp", tag: Self.tag, "Make an account and log in", access: .anyone,
                rate: .auth, addressRate: LogInLimits.signUpsOfAddress, lane: .auth,
                body: RequestBody(
                    "SignUp", AccountFields.handle, AccountFields.password, AccountFields.displayName),
                responses: [.json(SessionGrant.component, "The account was made.", status: 201)],
                problems: [.handleTaken, .nameRefused], idempotency: .key("signup"), handler: signUp),
            Operation(
                .post, "/v1/auth/login", id: "logIn", tag: Self.tag, "Log in",
                description: "A wrong handle and a wrong password get the same response in the same time.",
                access: .anyone, rate: .auth, addressRate: LogInLimits.logInsOfAddress,
                otherLimits: LogInRates.inWords, lane: .auth,
                body: RequestBody("LogIn", AccountFields.anyHandle, AccountFields.anyPassword),
                responses: [.json(SessionGrant.component, "A new session.")],
                problems: [.invalidCredentials, .accountSuspended],
                idempotency: .key("login"), handler: logIn),
            Operation(
                .post, "/v1/auth/refresh", id: "refresh", tag: Self.tag, "Get new tokens",
                description: """
                    The old refresh token is spent. Again within 30 s it gets the same response; later it ends the \
                    session: 401 `token_reused`.
                    """,
                access: .anyone, rate: .auth, lane: .write(makesEvents: false), body: Self.tokenBody,
                responses: [.json(SessionGrant.component, "The session goes on.")],
                problems: [.invalidCredentials, .tokenReused], idempotency: .key("refresh"), handler: refresh),
            Operation(
                .post, "/v1/auth/logout", id: "logOut", tag: Self.tag, "End the session",
                description: "Its access tokens and live connections end within a second.", access: .anyone,
                rate: .auth, lane: .write(makesEvents: false), body: Self.tokenBody,
                responses: [.noContent("The session has ended, or no such token was known.")],
                idempotency: .key("logout"), handler: logOut),
        ]
    }

    @Sendable private func signUp(_ request: RequestContext) async throws -> Response {
        let handle = request[AccountFields.handle]
        let hash = try await accounts.hashPassword(request[AccountFields.password])
        return try await writes.run(request) { transaction in
            let grant = try await accounts.signUp(
                transaction, handle: handle, displayName: request[AccountFields.displayName] ?? handle,
                passwordHash: hash, from: SessionOrigin(request))
            return StoredResponse(status: 201, body: grant.json, session: grant.session)
        }
    }

    @Sendable private func logIn(_ request: RequestContext) async throws -> Response {
        let handle = request[AccountFields.anyHandle].lowercased()
        let password = request[AccountFields.anyPassword]
        // Nobody has such a handle or password; the text must not grow the limiter's table or the hash's work.
        guard handle.utf8.count <= 64, password.unicodeScalars.count <= 256, !handle.utf8.contains(0) else {
            throw Accounts.noSuchAccount
        }
        let candidate = try await accounts.candidate(handle: handle, from: request.address)
        try limits.checkLogIn(handle: handle, from: request.address, isKnown: candidate.isFromKnownAddress)
        let verified = try await accounts.authenticate(candidate, password: password)
        return try await writes.run(request) { transaction in
            let grant = try await accounts.logIn(transaction, verified, from: SessionOrigin(request))
            return StoredResponse(status: 200, body: grant.json, session: grant.session)
        }
    }

    @Sendable private func refresh(_ request: RequestContext) async throws -> Response {
        guard let token = Self.refreshToken(request) else { throw Self.invalidToken }
        return try await writes.run(request) { transaction in
            switch try await accounts.refresh(
                transaction, refreshToken: token, from: SessionOrigin(request), answer: { $0.json })
            {
            case .granted(let body, let session), .repeated(let body, let session):
                return StoredResponse(status: 200, body: body, session: session)
            case .reused:
                // A response, not an error: the end of the session must be committed.
                let problem = Problem(.tokenReused, "this token was used before: the session has ended, log in again")
                return StoredResponse(status: 401, body: problem.json(requestID: request.requestID))
            case .unknown: throw Self.invalidToken
            }
        }
    }

    @Sendable private func logOut(_ request: RequestContext) async throws -> Response {
        // Nobody has a session by what is no refresh token: there is nothing to end, and nothing to store.
        guard let token = Self.refreshToken(request) else { return .noContent }
        return try await writes.run(request) { transaction in
            let isKnown = try await accounts.logOut(transaction, refreshToken: token)
            return StoredResponse(status: 204, body: [], isKept: isKnown)
        }
    }

    private static let invalidToken = Problem(.invalidCredentials, "the refresh token is not valid")

    /// `nil` for a text that can be none.
    private static func refreshToken(_ request: RequestContext) -> String? {
        let token = request[AccountFields.refreshToken]
        return Accounts.isRefreshToken(token) ? token : nil
    }
}
