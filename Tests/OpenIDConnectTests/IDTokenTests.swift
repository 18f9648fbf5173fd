import Core
import Crypto
import OpenIDConnect
import Testing

/// What is believed of an ID token, and by which keys.
@Suite struct IDTokenTests {
    static let now: Int64 = 1_800_000_000
    static let expected = IDToken.Expectation(
        issuer: "https://id.example", clientID: "martlet", nonce: "n-0S6_WzA2Mj", now: now)
    static let claims: JSONValue = [
        "iss": "https://id.example", "sub": "user-1", "aud": "martlet", "exp": 1_800_000_300, "iat": 1_800_000_000,
        "nonce": "n-0S6_WzA2Mj",
    ]
    private static let signer = SigningKey(seed: [UInt8](repeating: 7, count: 32))
    private static let keys = KeySet([
        KeySet.Key(id: "ed", key: VerifyingKey(ed25519: signer.publicKey)!),
        KeySet.Key(
            id: "other", key: VerifyingKey(ed25519: SigningKey(seed: [UInt8](repeating: 8, count: 32)).publicKey)!),
    ])
    private static let foreign = KeySet(Array(Foreign.keys.utf8))!

    private static func part(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    private static func sign(_ claims: String, head: String = #"{"alg":"EdDSA","kid":"ed"}"#) -> String {
        let signed = part(head) + "." + part(claims)
        return signed + "." + Base64URL.encode(signer.sign(Array(signed.utf8)))
    }

    /// The claims, some of them others; `nil`: without it.
    private static func with(_ changes: [(String, JSONValue?)]) -> String {
        var members = claims.object!.members.map { ($0, $1) }
        for (key, value) in changes {
            members.removeAll { $0.0 == key }
            if let value { members.append((key, value)) }
        }
        return JSONValue.object(JSONObject(members)).text
    }

    private static func outcome(_ token: String, by keys: KeySet = keys) -> Result<String, IDToken.Failure> {
        do throws(IDToken.Failure) {
            return .success(try IDToken.subject(of: token, signedBy: keys, expected))
        } catch {
            return .failure(error)
        }
    }

    @Test func whatIsRight() {
        #expect(Self.outcome(Self.sign(Self.claims.text)) == .success("user-1"))
        for changes: [(String, JSONValue?)] in [
            [("aud", ["martlet"])], [("aud", ["other", "martlet"]), ("azp", "martlet")], [("azp", "martlet")],
            [("exp", .number(1_800_000_000.5))], [("exp", .integer(Self.now - 59))], [("iat", .integer(Self.now + 60))],
            [("iat", .integer(Self.now - 660))], [("nbf", .integer(Self.now + 60))], [("email", "a@b.example")],
        ] { #expect(Self.outcome(Self.sign(Self.with(changes))) == .success("user-1"), "\(changes)") }
    }

    @Test func whatIsWrong() {
        let cases: [(IDToken.Failure, [(String, JSONValue?)])] = [
            (.issuer, [("iss", "https://id.example/")]), (.issuer, [("iss", nil)]), (.issuer, [("iss", 7)]),
            (.audience, [("aud", "other")]), (.audience, [("aud", nil)]), (.audience, [("aud", [])]),
            (.audience, [("aud", ["other", "martlet"])]), (.audience, [("aud", ["martlet", 7]), ("azp", "martlet")]),
            (.audience, [("azp", "other")]), (.audience, [("azp", .null)]),
            (.audience, [("aud", ["other"]), ("azp", "martlet")]),
            (.expired, [("exp", .integer(Self.now - 60))]), (.malformed, [("exp", nil)]),
            (.malformed, [("exp", "1800000300")]),
            (.malformed, [("exp", .number(1e300))]), (.malformed, [("exp", .integer(.max))]),
            (.time, [("iat", .integer(Self.now + 61))]), (.time, [("iat", .integer(Self.now - 661))]),
            (.malformed, [("iat", nil)]), (.malformed, [("iat", -1)]), (.time, [("nbf", .integer(Self.now + 61))]),
            (.nonce, [("nonce", "n-0S6_WzA2Mk")]), (.nonce, [("nonce", nil)]), (.nonce, [("nonce", "")]),
            (.subject, [("sub", nil)]), (.subject, [("sub", "")]), (.subject, [("sub", 7)]),
            (.subject, [("sub", .string(String(repeating: "s", count: 256)))]),
        ]
        for (failure, changes) in cases {
            #expect(Self.outcome(Self.sign(Self.with(changes))) == .failure(failure), "\(changes)")
        }
    }

    @Test func heads() {
        let claims = Self.claims.text
        for (failure, head) in [
            (IDToken.Failure.unknownKey, #"{"alg":"EdDSA","kid":"another"}"#),
            // Which of two is not said.
            (.unknownKey, #"{"alg":"EdDSA"}"#), (.signature, #"{"alg":"EdDSA","kid":"other"}"#),
            (.algorithm, #"{"alg":"none"}"#), (.algorithm, #"{"alg":"HS256","kid":"ed"}"#),
            (.algorithm, #"{"alg":"eddsa","kid":"ed"}"#), (.unknownKey, #"{"alg":"ES256","kid":"ed"}"#),
            (.malformed, #"{"kid":"ed"}"#), (.malformed, #"{"alg":"EdDSA","kid":7}"#), (.malformed, "[]"),
            (.malformed, #"{"alg":"EdDSA","kid":"ed","crit":["b64"],"b64":false}"#),
            (.malformed, #"{"alg":"none","alg":"EdDSA","kid":"ed"}"#),
        ] { #expect(Self.outcome(Self.sign(claims, head: head)) == .failure(failure), "\(head)") }
        #expect(Self.outcome(Self.sign(claims, head: #"{"alg":"Ed25519","kid":"ed"}"#)) == .success("user-1"))
        // A key that the token brings itself is not looked at.
        let own = Base64URL.encode(Self.signer.publicKey)
        let head = #"{"alg":"EdDSA","kid":"x","jwk":{"kty":"OKP","crv":"Ed25519","x":"\#(own)"}}"#
        #expect(Self.outcome(Self.sign(claims, head: head)) == .failure(.unknownKey))
    }

    @Test func forms() {
        let token = Self.sign(Self.claims.text)
        for text in ["", "..", "a.b", token + ".", token + "=", " " + token, token + "\n", "x" + token] {
            #expect(Self.outcome(text) == .failure(.malformed), "\(text)")
        }
        for place in [3, token.utf8.count / 2, token.utf8.count - 3] {
            var bytes = Array(token.utf8)
            bytes[place] = bytes[place] == 65 ? 66 : 65
            #expect(throws: IDToken.Failure.self) {
                try IDToken.subject(of: String(decoding: bytes, as: UTF8.self), signedBy: Self.keys, Self.expected)
            }
        }
        // A claim that is there twice; what is no object.
        #expect(
            Self.outcome(Self.sign(String(Self.claims.text.dropLast()) + #","sub":"user-2"}"#)) == .failure(.malformed))
        #expect(Self.outcome(Self.sign("[]")) == .failure(.malformed))
        let long = Self.with([("padding", .string(String(repeating: "x", count: 13_000)))])
        #expect(Self.outcome(Self.sign(long)) == .failure(.malformed))
        #expect(Self.sign(long).utf8.count > IDToken.longest)
        #expect(
            Self.outcome(Self.sign(Self.with([("padding", .string(String(repeating: "x", count: 11_000)))])))
                == .success("user-1"))
    }

    // MARK: By another library

    @Test func otherAlgorithms() {
        #expect(Self.foreign.keys.map(\.id) == ["rsa", "ec"])
        for token in [Foreign.rs256, Foreign.es256] {
            #expect(Self.outcome(token, by: Self.foreign) == .success("user-1"))
            let parts = token.split(separator: ".")
            var signature = Base64URL.decode(parts[2])!
            signature[signature.count / 2] ^= 1
            let altered = "\(parts[0]).\(parts[1]).\(Base64URL.encode(signature))"
            #expect(Self.outcome(altered, by: Self.foreign) == .failure(.signature))
            let cut = "\(parts[0]).\(parts[1]).\(Base64URL.encode(signature.dropLast()))"
            #expect(Self.outcome(cut, by: Self.foreign) == .failure(.signature))
            let zeros = "\(parts[0]).\(parts[1]).\(Base64URL.encode([UInt8](repeating: 0, count: signature.count)))"
            #expect(Self.outcome(zeros, by: Self.foreign) == .failure(.signature))
            #expect(Self.outcome("\(parts[0]).\(parts[1]).", by: Self.foreign) == .failure(.signature))
        }
        for token in [Foreign.ps256, Foreign.hs256, Foreign.unsigned] {
            #expect(Self.outcome(token, by: Self.foreign) == .failure(.algorithm))
        }
    }

    @Test func keySets() {
        func count(_ text: String) -> Int? { KeySet(Array(text.utf8))?.keys.count }
        let x = Base64URL.encode(Self.signer.publicKey)
        func key(_ more: String) -> String { #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(x)"\#(more)}]}"# }
        for more in [
            "", #","use":"sig""#, #","key_ops":["verify"]"#, #","alg":"EdDSA""#, #","alg":"Ed25519""#, #","kid":"a""#,
        ] {
            #expect(count(key(more)) == 1, "\(more)")
        }
        // For other uses, of another algorithm, or none.
        for more in [
            #","use":"enc""#, #","use":7"#, #","key_ops":["sign"]"#, #","key_ops":"verify""#, #","alg":"HS256""#,
            #","kid":7"#,
        ] {
            #expect(count(key(more)) == 0, "\(more)")
        }
        for text in ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[]"#] { #expect(count(text) == nil, "\(text)") }
        #expect(
            count(#"{"keys":[7,{},{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#)
                == 0)
        let many = String(repeating: "{},", count: KeySet.most)
        #expect(count(#"{"keys":[\#(many.dropLast())]}"#) == 0 && count(#"{"keys":[\#(many){}]}"#) == nil)
        // No point of the curve, a weak key, an exponent of one.
        let zeros = Base64URL.encode([UInt8](repeating: 1, count: 32))
        #expect(count(#"{"keys":[{"kty":"EC","crv":"P-256","x":"\#(zeros)","y":"\#(zeros)"}]}"#) == 0)
        #expect(VerifyingKey(rsaModulus: [UInt8](repeating: 0xff, count: 128), exponent: [1, 0, 1]) == nil)
        #expect(VerifyingKey(rsaModulus: [UInt8](repeating: 0xff, count: 256), exponent: [1]) == nil)
        #expect(VerifyingKey(rsaModulus: [], exponent: []) == nil)
        #expect(VerifyingKey(ed25519: []) == nil && VerifyingKey(p256X: [], y: []) == nil)
    }
}
