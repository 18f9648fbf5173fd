import Core
import Testing

@testable import Crypto

/// Tokens of any shape, signed with the right key unless the test is about keys: what is refused is refused for what it
/// says.
struct AccessTokenTests {
    private static let ownHeader = #"{"alg":"HS256","typ":"JWT"}"#
    private static let now: Int64 = 1_800_000_000
    private static let ownKey = [UInt8](1...32)
    private static let token = AccessToken(
        subject: ID(raw: 17), session: ID(raw: 18), issuedAt: now, expiresAt: now + 900, tokenID: "t")
    /// As JSON, by name.
    private static let claims: KeyValuePairs<String, String> = [
        "iss": #""martlet""#, "sub": #""17""#, "sid": #""18""#, "jti": #""t""#, "iat": "\(now)", "exp": "\(now + 900)",
    ]
    private static let names: [String] = claims.map(\.key)

    private let signer = TokenSigner(key: ownKey)

    private func signed(
        _ claims: String, header: String = ownHeader, key: [UInt8] = ownKey
    ) -> String {
        let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return text + "." + Base64URL.encode(Crypto.hmacSHA256(key: key, Array(text.utf8)))
    }

    /// - Parameters:
    ///   - claim: one that has another value; a new one is added.
    ///   - value: as JSON; `nil`: it is left out.
    private func claims(_ claim: String = "", _ value: String? = nil) -> String {
        var pairs = Self.claims.compactMap { name, own -> String? in
            let value = name == claim ? value : own
            return value.map { "\"\(name)\":\($0)" }
        }
        if let value, !Self.names.contains(claim) { pairs.append("\"\(claim)\":\(value)") }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    private func failure(_ text: String) -> TokenFailure? {
        do {
            _ = try signer.verify(text, now: Self.now)
            return nil
        } catch {
            return error
        }
    }

    /// The control of all that follows.
    @Test func aTokenIsItsClaims() throws {
        #expect(try signer.verify(signer.sign(Self.token), now: Self.now) == Self.token)
        #expect(try signer.verify(signed(claims()), now: Self.now) == Self.token)
    }

    /// Whatever the header says, only the one header of this server is taken: unsigned, or signed with its own key.
    @Test(arguments: [
        "none", "None", "NONE", "nOnE", "", " HS256", "hs256", "HS256 ", "HS384", "HS512", "RS256", "PS256", "ES256",
        "EdDSA",
    ]) func anotherAlgorithm(_ algorithm: String) {
        let token = signed(claims(), header: #"{"alg":"\#(algorithm)","typ":"JWT"}"#)
        let unsigned = token.split(separator: ".")[..<2].joined(separator: ".")
        for text in [token, unsigned + ".", unsigned] { #expect(failure(text) == .invalid) }
    }

    @Test(arguments: [
        "{}", "", "null", "[]", #""HS256""#, #"{"typ":"JWT"}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#,
        #"{"alg":"HS256"}"#, #"{"typ":"JWT","alg":"HS256"}"#, #"{"alg": "HS256","typ":"JWT"}"#,
        #"{"alg":"HS256","alg":"none","typ":"JWT"}"#, #"{"alg":"HS256","typ":"JWT"} "#,
        #"{"alg":"HS256","typ":"JWT","crit":["exp"]}"#, #"{"alg":"HS256","typ":"JWT","b64":false}"#,
        #"{"alg":"HS256","typ":"JWE","enc":"A256GCM"}"#, #"{"alg":"HS256","typ":"at+jwt"}"#,
        #"{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}"#,
        #"{"alg":"HS256","typ":"JWT","jku":"http://127.0.0.1"}"#,
    ]) func anotherHeader(_ header: String) { #expect(failure(signed(claims(), header: header)) == .invalid) }

    @Test func anotherKey() {
        let keys: [[UInt8]] = [
            [], [UInt8](repeating: 0, count: 32), Array("secret".utf8), Array(Self.ownHeader.utf8),
            Array(Self.ownKey.dropLast()),
            Self.ownKey + [1], Self.ownKey.reversed(),
        ]
        for key in keys { #expect(failure(signed(claims(), key: key)) == .invalid) }
    }

    @Test(arguments: [0, 1, 3600, 1_000_000_000] as [Int64]) func oneThatHasExpired(_ age: Int64) {
        #expect(failure(signed(claims("exp", "\(Self.now - age)"))) == .expired)
    }

    /// Good until then, and not a second longer; that it has expired is said only of one with a good signature.
    @Test func theLastSecond() {
        let last = signed(claims("exp", "\(Self.now + 1)"))
        #expect(failure(last) == nil)
        #expect(failure(signed(claims("exp", "\(Self.now)")).dropLast(4) + "AAAA") == .invalid)
    }

    /// Clocks of two processes may differ by a minute; more than that is no clock.
    @Test func oneFromTheFuture() {
        for ahead in [1, 30, 60] as [Int64] { #expect(failure(signed(claims("iat", "\(Self.now + ahead)"))) == nil) }
        for ahead in [61, 3600, 1_000_000_000, 1 << 53] as [Int64] {
            #expect(failure(signed(claims("iat", "\(Self.now + ahead)"))) == .invalid)
        }
    }

    /// A token says exactly what this server's tokens say: one that was made for somebody else says more, or other things.
    @Test(arguments: [
        ("nbf", "0"), ("nbf", "1099511627776"), ("aud", #""martlet""#), ("aud", #"["other"]"#), ("scope", #""read""#),
        ("typ", #""refresh""#), ("iss", #""other""#), ("iss", #""Martlet""#), ("iss", #""martlet ""#),
        ("iss", #"["martlet"]"#), ("admin", "true"),
    ]) func anotherIssuerAudienceOrPurpose(_ claim: String, _ value: String) {
        #expect(failure(signed(claims(claim, value))) == .invalid)
    }

    @Test(arguments: names) func aMissingClaim(_ claim: String) {
        #expect(failure(signed(claims(claim))) == .invalid)
    }

    @Test(arguments: names) func aClaimOfAnotherType(_ claim: String) {
        for value in ["null", "true", "[]", "{}", "1.5", #""""#, #""-1""#, #""x""#, "-1e300", #"{"x":1}"#] {
            // It may be any text.
            if claim == "jti", value.hasPrefix("\"") { continue }
            #expect(failure(signed(claims(claim, value))) == .invalid, "\(value)")
        }
    }

    @Test(arguments: ["sub", "sid"]) func aSubjectThatIsNoID(_ claim: String) {
        let texts = [
            "0x1", " 1", "1 ", "+1", "01", "1e3", "9007199254740992", String(repeating: "9", count: 40), "１",
            "1\\u0000",
        ]
        for value in texts.map({ "\"\($0)\"" }) + ["1"] {
            #expect(failure(signed(claims(claim, value))) == .invalid, "\(value)")
        }
    }

    /// Also where both say the same: readers differ about which one counts.
    @Test(arguments: names) func aClaimTwice(_ claim: String) {
        let own = Self.claims.first { $0.key == claim }!.value
        let escaped = "\\u00" + String(claim.utf8.first!, radix: 16) + claim.dropFirst()
        for name in [claim, escaped] {
            #expect(failure(signed(claims().dropLast() + ",\"\(name)\":\(own)}")) == .invalid)
        }
    }

    @Test(arguments: [
        "", "null", "[]", "1", #""x""#, "{", "{}{}", "\u{feff}{}", "{'sub':'1'}", #"{"sub":{"sub":{"sub":1}}}"#,
        String(repeating: "[", count: 500),
    ]) func claimsThatAreNoObject(_ claims: String) { #expect(failure(signed(claims)) == .invalid) }

    @Test func claimsWithSomethingAroundThem() {
        for claims in [claims() + "x", claims() + "{}", claims() + "\0", "\u{feff}" + claims()] {
            #expect(failure(signed(claims)) == .invalid)
        }
    }

    /// Three of them, not empty, in their order.
    @Test func segments() {
        let parts = signed(claims()).split(separator: ".")
        let (header, claims, signature) = (parts[0], parts[1], parts[2])
        for segments in [
            [header, claims, signature, ""], ["", header, claims, signature], [header, claims, signature, signature],
            [header, claims, signature, "x", "y"], [header, claims], [header], [header, "", signature],
            ["", claims, signature], ["", "", ""], [claims, header, signature], [header, header, signature],
        ] {
            #expect(failure(segments.joined(separator: ".")) == .invalid)
        }
    }

    /// One text for one token: a list of refused tokens, or a log, must not be passed by with a second spelling.
    @Test func otherSpellings() {
        let token = signer.sign(Self.token)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        var places = token.split(separator: ".").map(\.endIndex)
        places.append(token.startIndex)
        for place in places {
            for odd in ["=", "==", "%", " ", "\t", "\n", "\0", "~", "+", "/", "\u{feff}"] {
                var other = token
                other.insert(contentsOf: odd, at: place)
                #expect(failure(other) == .invalid)
            }
        }
        // The last character of a signature has two bits that say nothing; a lax decoder takes four spellings.
        for character in alphabet where character != token.last {
            #expect(failure(token.dropLast() + String(character)) == .invalid)
        }
        #expect(failure("Bearer " + token) == .invalid)
    }

    @Test func everyBitOfTheSignatureCounts() {
        let token = signer.sign(Self.token)
        let parts = token.split(separator: ".")
        let signature = Base64URL.decode(parts[2])!
        for bit in 0..<256 {
            var other = signature
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(failure("\(parts[0]).\(parts[1])." + Base64URL.encode(other)) == .invalid)
        }
        for length in 0..<32 {
            #expect(failure("\(parts[0]).\(parts[1])." + Base64URL.encode(signature[..<length])) == .invalid)
        }
        // The claims of another, under one's own signature.
        let changed = Base64URL.encode(Array(claims("sub", #""19""#).utf8))
        #expect(failure("\(parts[0]).\(changed).\(parts[2])") == .invalid)
    }

    /// Longer than any of this server's, though its signature is good.
    @Test(arguments: [1025, 60_000]) func aHugeToken(_ size: Int) {
        #expect(failure(signed(claims("jti", "\"" + String(repeating: "x", count: size) + "\""))) == .invalid)
        #expect(failure(String(repeating: ".", count: size)) == .invalid)
    }
}
