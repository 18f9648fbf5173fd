public import Core
public import Crypto

/// What a push service is told of who sends (RFC 8292), as the service reads it.
public struct VAPIDAuthorization: Sendable, Concealed {
    /// Bytes of the header.
    static let longest = 4096
    /// Seconds that a token may be good for.
    static let longestLife: Int64 = 86_400

    public enum Failure: String, Error, Sendable {
        case malformed, key, signature, audience, expired
        /// It ends more than a day from now.
        case life
        case contact
    }

    private let token: SignedToken
    public let key: P256PublicKey

    /// - Parameter header: the value of `Authorization`: `vapid t=…, k=…`.
    public init(_ header: String) throws(Failure) {
        guard header.utf8.count <= Self.longest, let space = header.utf8.firstIndex(of: 0x20),
            header[..<space].equalsIgnoringCase("vapid")
        else { throw .malformed }
        var parts: [ExactText: String] = [:]
        for part in header[space...].split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { String($0).withoutOuterSpace }
            guard pair.count == 2, parts.updateValue(pair[1], forKey: ExactText(pair[0])) == nil else {
                throw .malformed
            }
        }
        guard let text = parts["t"], let token = SignedToken(text, longest: Self.longest), let name = parts["k"] else {
            throw .malformed
        }
        guard let key = Base64URL.decode(name).flatMap({ P256PublicKey($0) }) else { throw .key }
        (self.token, self.key) = (token, key)
    }

    /// - Parameters:
    ///   - audience: the push service's own origin.
    ///   - now: seconds since 1970.
    public func check(audience: String, now: Int64) throws(Failure) {
        guard token.head["alg"]?.string?.isExactly("ES256") == true, token.isSigned(by: VerifyingKey(key))
        else { throw .signature }
        guard let claims = token.claims, let ends = claims["exp"]?.integer else { throw .malformed }
        guard claims["aud"]?.string?.isExactly(audience) == true else { throw .audience }
        guard now < ends else { throw .expired }
        guard ends <= now + Self.longestLife else { throw .life }
        // Services differ about whether there must be one; none takes one that is neither.
        guard let contact = claims["sub"]?.string, contact.hasPrefix("mailto:") || contact.hasPrefix("https:") else {
            throw .contact
        }
    }
}
