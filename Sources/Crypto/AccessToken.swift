public import Core

/// A JWT signed with HMAC-SHA256 (RFC 7519, RFC 7515): who calls, in which session, until when. Only `HS256` is
/// accepted, whatever a token's header claims.
public struct AccessToken: Sendable, Equatable {
    /// The user.
    public let subject: ID
    /// The session that logout ends.
    public let session: ID
    /// Seconds since 1970.
    public let issuedAt: Int64
    public let expiresAt: Int64
    /// Names this one token.
    public let tokenID: String
    /// The subject has asked to be erased, and may only take that back.
    public let isLeaving: Bool

    public init(
        subject: ID, session: ID, issuedAt: Int64, expiresAt: Int64, tokenID: String, isLeaving: Bool = false
    ) {
        self.subject = subject
        self.session = session
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.tokenID = tokenID
        self.isLeaving = isLeaving
    }
}

public enum TokenFailure: Error, Equatable, Sendable {
    case invalid
    case expired
}

/// Signs access tokens with one key, and checks them with all that are accepted.
public struct TokenSigner: Sendable, Concealed {
    private static let header = Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
    private static let longest = 1024
    /// One more, such as `aud` or `nbf`, says something that is not checked here: such a token is none of ours.
    private static let claims = ["iss", "sub", "sid", "jti", "iat", "exp"]
    /// There, and true, only where it is so: no version that does not know it takes such a token.
    private static let leaving = "leaving"
    /// By how many seconds the clocks of two processes may differ.
    private static let clockSkew: Int64 = 60
    private let keys: SecretKeys

    /// - Parameter key: 32 random bytes.
    public init(key: [UInt8]) { self.init(SecretKeys(key)) }

    public init(_ keys: SecretKeys) { self.keys = keys }

    public func sign(_ token: AccessToken) -> String {
        var claims = ByteWriter(capacity: 160)
        claims.append(ascii: "{\"iss\":\"martlet\",\"sub\":\"")
        claims.append(decimal: token.subject.raw)
        claims.append(ascii: "\",\"sid\":\"")
        claims.append(decimal: token.session.raw)
        claims.append(ascii: "\",\"jti\":")
        claims.append(jsonString: token.tokenID)
        claims.append(ascii: ",\"iat\":")
        claims.append(decimal: token.issuedAt)
        claims.append(ascii: ",\"exp\":")
        claims.append(decimal: token.expiresAt)
        if token.isLeaving { claims.append(ascii: ",\"leaving\":true") }
        claims.append(ascii: "}")
        let signed = Self.header + "." + Base64URL.encode(claims.bytes)
        return signed + "." + Base64URL.encode(Crypto.hmacSHA256(key: keys.current, Array(signed.utf8)))
    }

    /// - Parameter now: seconds since 1970.
    public func verify(_ text: String, now: Int64) throws(TokenFailure) -> AccessToken {
        guard text.utf8.count <= Self.longest else { throw .invalid }
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual(Self.header.utf8),
            let code = Base64URL.decode(Array(parts[2])),
            isCode(code, of: Array(text.utf8.prefix(parts[1].endIndex))),
            let bytes = Base64URL.decode(Array(parts[1])), let claims = try? JSONValue.parse(bytes, depth: 2).object,
            let isLeaving = Self.isLeaving(claims),
            claims["iss"]?.string == "martlet",
            let subject = claims["sub"]?.string.flatMap({ ID($0) }),
            let session = claims["sid"]?.string.flatMap({ ID($0) }), let tokenID = claims["jti"]?.string,
            let issuedAt = claims["iat"]?.integer, issuedAt <= now + Self.clockSkew,
            let expiresAt = claims["exp"]?.integer
        else { throw .invalid }
        guard now < expiresAt else { throw .expired }
        return AccessToken(
            subject: subject, session: session, issuedAt: issuedAt, expiresAt: expiresAt, tokenID: tokenID,
            isLeaving: isLeaving)
    }

    private func isCode(_ code: [UInt8], of signed: [UInt8]) -> Bool {
        keys.first { Crypto.equal(code, Crypto.hmacSHA256(key: $0, signed)) ? true : nil } ?? false
    }

    /// `nil`: there are other claims than ours.
    private static func isLeaving(_ claims: JSONObject) -> Bool? {
        guard let leaving = claims[leaving] else {
            return claims.keys.count == Self.claims.count && claims.firstKey(besides: Self.claims) == nil ? false : nil
        }
        let known = Self.claims + [Self.leaving]
        return leaving == .bool(true) && claims.keys.count == known.count && claims.firstKey(besides: known) == nil
            ? true : nil
    }
}
