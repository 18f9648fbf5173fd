public import Core
import Crypto

/// An account of Google's cloud that may send for one project, from the JSON file that its console gives.
public struct ServiceAccount: Sendable, Concealed {
    private static let longest = 16_384
    private static let scope = "https://www.googleapis.com/auth/firebase.messaging"
    private static let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    /// Seconds that an assertion is good for: as long as Google allows.
    private static let life: Int64 = 3600

    public let projectID: String
    private let email: String
    private let keyID: String
    private let tokenAddress: String
    private let key: RSAKey

    /// - Parameter allowsLoopback: plain http, too, to this machine: for tests.
    /// - Throws: of the field by its name in the file, or of `service_account`.
    public init(_ file: [UInt8], allowsLoopback: Bool = false) throws(InvalidPush) {
        guard file.count <= Self.longest, let object = try? JSONValue.parse(file).object else {
            throw InvalidPush("service_account", "must be a JSON object of at most \(Self.longest) bytes")
        }
        func text(
            _ name: String, _ expected: String, _ isGood: (String) -> Bool
        ) throws(InvalidPush) -> String {
            guard let text = object[name]?.string, isGood(text) else { throw InvalidPush(name, "must be " + expected) }
            return text
        }
        _ = try text("type", "service_account") { $0.isExactly("service_account") }
        projectID = try text("project_id", "a project's id") { Checks.isName($0, 1...64, and: "-.:") }
        email = try text("client_email", "an address") { Checks.isHeaderText($0, 3...255) && $0.contains("@") }
        keyID = try text("private_key_id", "the name of the key") { Checks.isName($0, 1...128, and: "-_") }
        tokenAddress = try text("token_uri", "an https address") {
            WebAddress.secureOrigin(of: $0, allowsLoopback: allowsLoopback) != nil
        }
        guard let key = object["private_key"]?.string.flatMap({ RSAKey(pem: $0) }) else {
            throw InvalidPush("private_key", "must be a private RSA key of 2,048 to 8,192 bits in PEM")
        }
        self.key = key
    }

    /// Asks for an access token (RFC 7523).
    /// - Parameter now: seconds since 1970.
    func tokenRequest(now: Int64) -> PushRequest {
        let assertion = SignedToken.make(
            head: ["alg": "RS256", "typ": "JWT", "kid": .string(keyID)],
            claims: [
                "iss": .string(email), "scope": .string(Self.scope), "aud": .string(tokenAddress), "iat": .integer(now),
                "exp": .integer(now + Self.life),
            ], sign: key.sign)
        return PushRequest(
            url: tokenAddress, headers: [PushHeader("content-type", "application/x-www-form-urlencoded")],
            body: Array(FormText.encode([("grant_type", Self.grant), ("assertion", assertion)]).utf8))
    }
}
