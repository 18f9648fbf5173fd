import Core
import Crypto

/// An ID token (OpenID Connect Core 1.0): a provider says who somebody is. It is a JWT (RFC 7519) signed by one of the
/// provider's keys.
public enum IDToken {
    public static let longest = 16_384
    /// By how many seconds the provider's clock may differ from ours.
    static let leeway: Int64 = 60
    /// It is made when the code is exchanged, which is done within the life of a log-in.
    static let oldest: Int64 = 600
    private static let longestSubject = 255

    public enum Failure: String, Error, Sendable {
        case malformed, algorithm, signature, issuer, audience, expired, time, nonce, subject
        /// No key has the name that the token gives: the provider may have another one by now.
        case unknownKey = "unknown_key"
    }

    /// What a token must say.
    public struct Expectation: Sendable {
        public let issuer: String
        public let clientID: String
        public let nonce: String
        /// Seconds since 1970.
        public let now: Int64

        public init(issuer: String, clientID: String, nonce: String, now: Int64) {
            self.issuer = issuer
            self.clientID = clientID
            self.nonce = nonce
            self.now = now
        }
    }

    /// - Returns: the provider's name for the user: `sub`.
    public static func subject(
        of text: String, signedBy keys: KeySet, _ expected: Expectation
    ) throws(Failure) -> String {
        guard let token = SignedToken(text, longest: longest) else { throw .malformed }
        guard token.isSigned(by: try key(of: token.head, in: keys)) else { throw .signature }
        guard let claims = token.claims else { throw .malformed }
        return try subject(of: claims, expected)
    }

    /// The algorithm is the key's. A token's head can only agree; so `none`, or HMAC by a public key, is no algorithm here.
    private static func key(of head: JSONObject, in keys: KeySet) throws(Failure) -> VerifyingKey {
        // What says that something must be understood is not understood.
        guard let name = head["alg"]?.string, head["crit"] == nil else { throw .malformed }
        guard let algorithm = VerifyingKey.Algorithm(name: name) else { throw .algorithm }
        var id: String?
        if let given = head["kid"] {
            guard let text = given.string else { throw .malformed }
            id = text
        }
        let found = keys.candidates(id: id, algorithm: algorithm)
        guard let key = found.first else { throw .unknownKey }
        return key
    }

    // MARK: Claims

    private static func subject(of claims: JSONObject, _ expected: Expectation) throws(Failure) -> String {
        guard claims["iss"]?.string?.isExactly(expected.issuer) == true else { throw .issuer }
        guard isFor(expected.clientID, claims) else { throw .audience }
        try checkTime(claims, expected.now)
        guard let nonce = claims["nonce"]?.string, Crypto.equal(Array(nonce.utf8), Array(expected.nonce.utf8)) else {
            throw .nonce
        }
        guard let subject = claims["sub"]?.string, (1...longestSubject).contains(subject.utf8.count) else {
            throw .subject
        }
        return subject
    }

    /// Of several audiences it says which one has asked for it.
    private static func isFor(_ clientID: String, _ claims: JSONObject) -> Bool {
        let audiences: [JSONValue]
        switch claims["aud"] {
        case .string(let one): audiences = [.string(one)]
        case .array(let several): audiences = several
        default: return false
        }
        let names = audiences.compactMap(\.string)
        guard names.count == audiences.count, names.containsExactly(clientID) else { return false }
        guard let party = claims["azp"] else { return names.count == 1 }
        return party.string?.isExactly(clientID) == true
    }

    private static func checkTime(_ claims: JSONObject, _ now: Int64) throws(Failure) {
        guard let ends = seconds(claims["exp"]), let issued = seconds(claims["iat"]) else { throw .malformed }
        guard now < ends + leeway else { throw .expired }
        guard issued <= now + leeway, issued >= now - oldest - leeway else { throw .time }
        if let begins = claims["nbf"] {
            guard let begins = seconds(begins) else { throw .malformed }
            guard begins <= now + leeway else { throw .time }
        }
    }

    /// A NumericDate, which may have a fraction; within what can be reckoned with.
    private static func seconds(_ value: JSONValue?) -> Int64? {
        switch value {
        case .integer(let whole): (0...(1 << 53)).contains(whole) ? whole : nil
        case .number(let number): (0...9e15).contains(number) ? Int64(number) : nil
        default: nil
        }
    }
}
