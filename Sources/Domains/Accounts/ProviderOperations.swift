import Core
import Crypto
import HTTPService
import OpenIDConnect

/// Log-in by OpenID Connect: the authorization code flow with PKCE, of which the server does the part that has secrets.
struct ProviderOperations: Sendable {
    private static let name = PathParameter<String>(
        "provider", .string(pattern: "^[a-z][a-z0-9_]{0,19}$"), example: "example", "As the operator calls it."
    ) { Provider.isName($0) ? $0 : nil }
    private static let text = Schema.string(length: 1...2048, pattern: "^[ -~]+$")
    private static let redirect = Field<String>.string(
        "redirect", text, example: redirectExample,
        "Where the provider sends the user back to, with `code` and `state` in the query: one of those that are allowed, to "
            + "the letter.", parse: readText)
    private static let code = Field<String>.string(
        "code", text, example: "SplxlOBeZQQYbYS6WxSbIA", "What the provider has sent back.",
        parse: readText)
    private static let state = Field.string(
        "state", example: Base64URL.encode([UInt8](repeating: 1, count: 85)),
        "What the start has given, once the provider has sent the same back.")
    /// Seconds after which a provider that is away is asked again.
    private static let pause = 5

    let accounts: Accounts
    let writes: Writes
    let providers: [ProviderClient]
    let box: SealedBox

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/auth/oidc", id: "listProviders", tag: AccountOperations.tag,
                "The providers by which people may log in", access: .anyone,
                responses: [.json(Self.list, "All of them; perhaps none.")], handler: list),
            Operation(
                .post, "/v1/auth/oidc/\(Self.name)/start", id: "startProviderLogIn", tag: AccountOperations.tag,
                "Begin to log in by a provider",
                description: """
                    Keep `state` where only this browser or application finds it again (`sessionStorage`, the memory of an \
                    application), and send the user to `url`. Whoever comes back with another `state` is somebody whom \
                    another one has sent: do not finish that. It holds good for ten minutes. The server keeps PKCE's \
                    verifier, sealed in `state`; the provider is asked for the scope `openid` and nothing else.
                    """,
                access: .anyone, rate: .auth, addressRate: LogInLimits.logInsOfAddress, lane: .outside,
                body: RequestBody("ProviderLogIn", Self.redirect),
                responses: [.json(Self.begun, "Where to send the user.")],
                problems: [.providerUnavailable, .overloaded], handler: start),
            Operation(
                .post, "/v1/auth/oidc/\(Self.name)/finish", id: "finishProviderLogIn", tag: AccountOperations.tag,
                "Log in as a provider says",
                description: """
                    Who is new gets an account: with a made handle, as an anonymous one, and no password. \
                    `PUT /v1/me/credentials` gives it a name. Of the person a keyed hash of the provider's `sub` is \
                    stored, and nothing else. A log-in is finished once; when the provider is away, the same may be tried \
                    again.
                    """,
                access: .anyone, rate: .auth, addressRate: LogInLimits.logInsOfAddress, lane: .outside,
                body: RequestBody("ProviderReturn", Self.code, Self.state),
                responses: [
                    .json(SessionGrant.component, "A new session."),
                    .json(SessionGrant.component, "A new session, of a new account.", status: 201),
                ],
                problems: [.invalidCredentials, .accountSuspended, .providerUnavailable, .overloaded],
                idempotency: .key("provider log-in"), handler: finish),
        ]
    }

    // MARK: What is told

    private static let provider = Component(
        "Provider",
        .object([
            .always("name", .string(pattern: "^[a-z][a-z0-9_]{0,19}$")),
            .always("title", .string(length: 1...40), "For people."),
            .always("redirects", .array(of: .string(length: 1...2048)), "Where it may send people back to."),
        ]), example: ["name": "example", "title": "Example", "redirects": [.string(redirectExample)]])
    private static let redirectExample = "https://app.example/back"
    private static let list = Component(
        "ProviderList", .list(of: provider), example: ["items": [provider.example]])
    private static let begun = Component(
        "BegunLogIn",
        .object([
            .always("url", .string(length: 1...8192), "The provider's page, to which the user is sent."),
            .always("state", .string(length: 1...256), "Opaque. The provider sends the same back."),
        ]),
        example: [
            "url": "https://provider.example/authorize?response_type=code&client_id=martlet&scope=openid&state=AQEB",
            "state": "AQEB",
        ])

    private static func json(_ provider: Provider) -> JSONValue {
        [
            "name": .string(provider.name), "title": .string(provider.title),
            "redirects": .array(provider.redirects.map { .string($0) }),
        ]
    }

    @Sendable private static func readText(_ text: String) throws(Refusal) -> String {
        guard (1...2048).contains(text.utf8.count), text.utf8.allSatisfy({ 0x20...0x7e ~= $0 }) else {
            throw Refusal("it has 1 to 2,048 characters of ASCII")
        }
        return text
    }

    // MARK: Handlers

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        .json(Array((["items": .array(providers.map { Self.json($0.provider) })] as JSONValue).text.utf8))
    }

    @Sendable private func start(_ request: RequestContext) async throws -> Response {
        let client = try client(request)
        guard client.provider.redirects.containsExactly(request[Self.redirect]) else {
            throw Problem(
                .invalidField,
                "the operator has not allowed this address: it must be one of the provider's, to the letter",
                field: "redirect")
        }
        let logIn = PendingLogIn(redirect: request[Self.redirect], now: accounts.clock.milliseconds())
        let state = logIn.sealed(for: client.provider, box)
        do throws(ProviderFailure) {
            let url = try await client.address(for: logIn, state: state)
            return .json(Array((["url": .string(url), "state": .string(state)] as JSONValue).text.utf8))
        } catch {
            throw Self.problem(error)
        }
    }

    @Sendable private func finish(_ request: RequestContext) async throws -> Response {
        let client = try client(request)
        // The provider is asked before the transaction; what it has refused is told in it, for a repeated request is answered
        // as the first was.
        let arrival: Result<(subject: String, logIn: PendingLogIn), Problem>
        do {
            arrival = .success(try await arrive(request, client))
        } catch let problem as Problem where problem.retryAfter == nil {
            arrival = .failure(problem)
        }
        for _ in 0..<3 {
            do {
                return try await writes.run(request) { transaction in
                    let (subject, logIn) = try arrival.get()
                    let (grant, isNew) = try await accounts.logIn(
                        transaction, subject, of: client.provider, by: logIn, from: SessionOrigin(request))
                    return StoredResponse(status: isNew ? 201 : 200, body: grant.json, session: grant.session)
                }
            } catch is Accounts.IdentityTaken {}
        }
        throw Problem(.overloaded, "others log in as the same at the same time: try again", retryAfter: 1)
    }

    private func arrive(
        _ request: RequestContext, _ client: ProviderClient
    ) async throws -> (subject: String, logIn: PendingLogIn) {
        let logIn: PendingLogIn
        do throws(PendingLogIn.Failure) {
            logIn = try PendingLogIn(
                request[Self.state], of: client.provider, box, now: accounts.clock.milliseconds())
        } catch {
            throw Problem(
                .invalidField,
                error == .expired
                    ? "this log-in was begun more than ten minutes ago: start another one"
                    : "no log-in by this provider was begun with this state: start one", field: "state")
        }
        // What is done is not brought to the provider once more.
        if try await accounts.isUsed(logIn) { throw Accounts.usedLogIn }
        do throws(ProviderFailure) {
            return (try await client.subject(code: request[Self.code], of: logIn), logIn)
        } catch {
            throw Self.problem(error)
        }
    }

    private func client(_ request: RequestContext) throws(Problem) -> ProviderClient {
        guard let client = providers.first(where: { $0.provider.name.isExactly(request[Self.name]) }) else {
            throw Problem(.notFound, "there is no provider of this name: GET /v1/auth/oidc has all")
        }
        return client
    }

    /// What to do about it, and nothing of what the provider has said.
    private static func problem(_ failure: ProviderFailure) -> Problem {
        switch failure {
        case .unavailable(.busy):
            Problem(.overloaded, "many log in by this provider, and wait for it: try again", retryAfter: 2)
        case .unavailable:
            Problem(.providerUnavailable, "the provider can't be used for the moment: try again", retryAfter: pause)
        case .codeRefused:
            Problem(
                .invalidCredentials, "the provider does not take this code, any more or at all: start another log-in",
                field: "code")
        case .tokenRefused:
            Problem(
                .invalidCredentials, "what the provider says of the user does not hold good here: start another log-in")
        }
    }
}

extension ErrorCode {
    static let providerUnavailable = ErrorCode("provider_unavailable", 503, "The log-in provider can't be used")
}
