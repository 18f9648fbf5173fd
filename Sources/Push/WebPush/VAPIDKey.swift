public import Core
public import Crypto

/// The key by which push services know us (RFC 8292), and whom they can write to about it. Subscriptions are made for one
/// key: with another one they are worth nothing.
public struct VAPIDKey: Sendable, Concealed {
    /// `mailto:` or `https:`.
    public let contact: String
    private let key: P256Key

    /// - Throws: of the field `contact`. Apple's and Mozilla's services refuse tokens with a contact that nobody can reach.
    public init(_ key: P256Key, contact: String) throws(InvalidPush) {
        guard Self.isContact(contact) else {
            throw InvalidPush(
                "contact", "must be an address by which operators can be reached, mailto:name@example.com or https://…")
        }
        (self.key, self.contact) = (key, contact)
    }

    /// - Parameter text: 32 bytes in Base64url, as most tools write them, or a PEM file.
    /// - Throws: of the field `key` or `contact`.
    public init(_ text: String, contact: String) throws(InvalidPush) {
        let bare = text.withoutOuterSpace
        guard let key = Base64URL.decode(bare).flatMap({ P256Key(scalar: $0) }) ?? P256Key(pem: text) else {
            throw InvalidPush("key", "must be a private key on P-256: 32 bytes in Base64url, or a PEM file")
        }
        try self.init(key, contact: contact)
    }

    /// As browsers want it for a subscription (`applicationServerKey`), in Base64url.
    public var publicKey: String { Base64URL.encode(key.publicKey.bytes) }

    /// The value of `Authorization`.
    /// - Parameters:
    ///   - audience: a push service's origin.
    ///   - ends: seconds since 1970, less than a day from now.
    func authorization(for audience: String, until ends: Int64) -> String {
        let token = SignedToken.make(
            head: ["typ": "JWT", "alg": "ES256"],
            claims: ["aud": .string(audience), "exp": .integer(ends), "sub": .string(contact)], sign: key.sign)
        // Without the space that may be behind the comma: not every reader knows of it.
        return "vapid t=\(token),k=\(publicKey)"
    }

    public static func isContact(_ text: String) -> Bool {
        guard Checks.isHeaderText(text, 1...255), !text.utf8.contains(0x20) else { return false }
        if text.hasPrefix("mailto:") {
            let parts = text.dropFirst("mailto:".count).split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty && isDomain(String(parts[1]).lowercased())
        }
        return WebAddress.secureOrigin(of: text, allowsLoopback: false).map { isDomain($0.host) } ?? false
    }

    /// Nobody is reached at an address alone.
    private static func isDomain(_ host: String) -> Bool { PublicHost.mayBePublic(host) && IPAddress(host) == nil }
}
