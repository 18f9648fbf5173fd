import Core
import HTTPClient

/// What is asked of a provider over HTTP, on a thread that may be blocked. An answer has 64 KiB at most, and all of one
/// log-in's have eight seconds together.
struct ProviderRequests {
    private static let limit = 65_536
    private static let milliseconds = 5_000
    private static let nanosecondsInAll: UInt64 = 8_000_000_000

    private let provider: Provider
    private let allowsLoopback: Bool
    private let client = HTTPClient()
    private let deadline = monotonicNanoseconds() + nanosecondsInAll

    init(_ provider: Provider, allowsLoopback: Bool) {
        (self.provider, self.allowsLoopback) = (provider, allowsLoopback)
    }

    func metadata() throws(ProviderFailure) -> Metadata {
        let document = try get(Metadata.address(of: provider.issuer))
        return try Metadata(document, of: provider.issuer, allowsLoopback: allowsLoopback)
    }

    func keys(_ metadata: Metadata) throws(ProviderFailure) -> KeySet {
        guard let keys = KeySet(try get(metadata.keysAddress)) else { throw .unavailable(.malformed) }
        return keys
    }

    /// Exchanges a code for an ID token. What else it is given for is not looked at.
    func idToken(code: String, _ logIn: PendingLogIn, _ metadata: Metadata) throws(ProviderFailure) -> String {
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", logIn.redirect),
            ("code_verifier", logIn.verifier),
        ]
        var headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        switch provider.clientSecret {
        case nil: fields.append(("client_id", provider.clientID))
        case let secret? where metadata.takesSecretInBody:
            fields += [("client_id", provider.clientID), ("client_secret", secret)]
        case let secret?:
            let login = "\(provider.clientID.percentEscaped):\(secret.percentEscaped)"
            headers.append(("Authorization", "Basic " + Base64.encode(login.utf8)))
        }
        let reply = try send(
            "POST", metadata.tokenEndpoint, headers: headers, body: Array(FormText.encode(fields).utf8))
        let object = try? JSONValue.parse(reply.body).object
        switch reply.status {
        case 200:
            guard let token = object?["id_token"]?.string else { throw .unavailable(.malformed) }
            return token
        case 400, 401, 403:
            // RFC 6749, section 5.2: all but this is between the operator and the provider.
            throw object?["error"]?.string == "invalid_grant" ? .codeRefused : .unavailable(.client)
        default: throw .unavailable(.status)
        }
    }

    private func get(_ address: String) throws(ProviderFailure) -> [UInt8] {
        let reply = try send("GET", address, headers: [("Accept", "application/json")])
        guard reply.status == 200 else { throw .unavailable(.status) }
        return reply.body
    }

    private func send(
        _ method: String, _ address: String, headers: [(String, String)], body: [UInt8]? = nil
    ) throws(ProviderFailure) -> HTTPReply {
        let now = monotonicNanoseconds()
        guard now < deadline else { throw .unavailable(.timeout) }
        do {
            return try client.request(
                method, address, headers: headers, body: body, secureOnly: !allowsLoopback,
                milliseconds: min(Self.milliseconds, Int((deadline - now) / 1_000_000) + 1), limit: Self.limit)
        } catch {
            throw .unavailable(Self.reason(error.reason))
        }
    }

    private static func reason(_ reason: HTTPFailure.Reason) -> ProviderFailure.Reason {
        switch reason {
        case .invalidRequest: .address
        case .unreachable: .unreachable
        case .timeout: .timeout
        case .tooLarge: .tooLarge
        case .interrupted, .broken: .broken
        }
    }
}
