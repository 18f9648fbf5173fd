import Core
import HTTPService

/// Accounts without a name, and recovery codes.
struct RecoveryOperations: Sendable {
    /// Whoever has an idempotency key of a request without a secret has its response: 128 bits in Base64.
    private static let shortestKey = 22
    let accounts: Accounts
    let writes: Writes
    let check: PasswordCheck

    var all: [Operation] {
        [
            Operation(
                .post, "/v1/auth/anonymous", id: "signUpAnonymously", tag: AccountOperations.tag,
                "Make an account without a name, and log in",
                description: """
                    Its handle is `anon_` and 12 random letters and digits. It has no password: with the recovery code, \
                    which is shown this once, it is opened again. Neither addresses nor what the client calls itself are \
                    stored. `PUT /v1/me/credentials` gives it a name. An `Idempotency-Key` is a secret here, for there \
                    is no other in the request: at least \(Self.shortestKey) characters, and random.
                    """,
                access: .anyone, rate: .auth, addressRate: LogInLimits.signUpsOfAddress,
                lane: .write(makesEvents: false),
                body: RequestBody("AnonymousSignUp", AccountFields.displayName),
                responses: [.json(SessionGrant.component, "The account was made.", status: 201)],
                problems: [.nameRefused], idempotency: .key("anonymous"), handler: signUp),
            Operation(
                .post, "/v1/auth/recover", id: "recover", tag: AccountOperations.tag, "Log in with a recovery code",
                description: """
                    The code is spent, the response has the next one, and all other sessions end. `password` is the new \
                    password of an account with a name; without it the old one stays. An anonymous account has none: \
                    400 `invalid_field`.
                    """,
                access: .anyone, rate: .auth, addressRate: LogInLimits.logInsOfAddress, lane: .auth,
                body: RequestBody("Recovery", AccountFields.anyRecoveryCode, AccountFields.newPassword),
                responses: [.json(SessionGrant.component, "A new session.")],
                problems: [.invalidCredentials, .accountSuspended], idempotency: .key("recover"), handler: recover),
            Operation(
                .post, "/v1/me/recovery-code", id: "createRecoveryCode", tag: AccountOperations.tag,
                "Get a recovery code",
                description: """
                    Shown this once. The one before opens nothing any more. Wants the account's password, or the code \
                    that it has (403 `password_required`); of an account without a password that a provider opens, a \
                    session younger than \(Accounts.youngMinutes) minutes will do. Who changes the password asks for \
                    another one afterwards.
                    """,
                rate: .auth, otherLimits: LogInRates.inWords, lane: .auth,
                body: RequestBody("Confirmation", AccountFields.confirmingPassword, AccountFields.confirmingCode),
                responses: [.json(Self.answer, "The account's only recovery code.")],
                problems: [.passwordRequired], idempotency: .key("recovery code"), handler: create),
        ]
    }

    private static let answer = Component(
        "RecoveryCode", .object([.always("recovery_code", .string())]),
        example: ["recovery_code": .string(RecoveryCode.example.text)])

    @Sendable private func signUp(_ request: RequestContext) async throws -> Response {
        if let key = request.idempotencyKey, key.utf8.count < Self.shortestKey {
            throw Problem(
                .invalidField, "who guesses it has the account: at least \(Self.shortestKey) characters, and random",
                field: "Idempotency-Key")
        }
        return try await writes.run(request) { transaction in
            let grant = try await accounts.signUpAnonymously(
                transaction, displayName: request[AccountFields.displayName], from: SessionOrigin(request))
            return StoredResponse(status: 201, body: grant.json, session: grant.session)
        }
    }

    @Sendable private func recover(_ request: RequestContext) async throws -> Response {
        guard let code = RecoveryCode(request[AccountFields.anyRecoveryCode]) else { throw Accounts.noSuchCode }
        // Nothing is hashed for a code that opens nothing; a repeated request still finds its first response.
        var hash: String?
        if let password = request[AccountFields.newPassword], try await accounts.hasOwner(code) {
            hash = try await accounts.hashPassword(password)
        }
        return try await writes.run(request) { [hash] transaction in
            let grant = try await accounts.recover(
                transaction, code, passwordHash: hash, from: SessionOrigin(request))
            return StoredResponse(status: 200, body: grant.json, session: grant.session)
        }
    }

    @Sendable private func create(_ request: RequestContext) async throws -> Response {
        // Slow, so before the transaction; told in it, for a repeated request is answered as the first was.
        let verified: Result<VerifiedUser, Problem>
        do {
            verified = .success(try await check.verify(request))
        } catch let problem as Problem where problem.code == .passwordRequired {
            verified = .failure(problem)
        }
        return try await writes.run(request) { transaction in
            let caller = request.authenticated!
            let code = try await accounts.replaceRecoveryCode(transaction, of: caller, verified: verified.get())
            return StoredResponse(
                status: 200, body: Array(FlatJSON.encode(["recovery_code": code.text]).utf8), session: caller.session)
        }
    }
}
