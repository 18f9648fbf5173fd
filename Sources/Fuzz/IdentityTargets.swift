import Core
import Crypto
import OpenIDConnect
import TestSupport

/// What OpenID providers say. An input is read as each of the texts that come from there: as a token, as the claims and as
/// the head of one that is signed, as a key set, as the document of an issuer, and as the operator's list.
extension FuzzTarget {
    private static let signer = SigningKey(seed: fuzzKey)
    private static let keys = KeySet([.init(id: "ed", key: VerifyingKey(ed25519: signer.publicKey)!)])
    private static let others = KeySet([
        .init(id: "ed", key: VerifyingKey(ed25519: SigningKey(seed: fuzzKey.reversed()).publicKey)!)
    ])
    private static let expected = IDToken.Expectation(
        issuer: "https://id.example", clientID: "martlet", nonce: "n", now: 1_800_000_000)
    private static let head = Array(#"{"alg":"EdDSA","kid":"ed"}"#.utf8)
    private static let claims = Array(
        #"{"iss":"https://id.example","sub":"u","aud":"martlet","exp":1800000300,"iat":1800000000,"nonce":"n"}"#.utf8)
    private static let minted = Array(token(head, claims).utf8)
    private static let box = SealedBox(key: fuzzKey)
    private static let provider = Provider(
        name: "one", issuer: "https://id.example", clientID: "martlet", redirects: ["https://app.example/back"])

    private static func token(_ head: [UInt8], _ claims: [UInt8], flipping bit: Int? = nil) -> String {
        let signed = Base64URL.encode(head) + "." + Base64URL.encode(claims)
        var signature = signer.sign(Array(signed.utf8))
        if let bit { signature[bit / 8] ^= 1 << UInt8(bit % 8) }
        return signed + "." + Base64URL.encode(signature)
    }

    private static func subject(_ token: String, by keys: KeySet = keys) -> String? {
        try? IDToken.subject(of: token, signedBy: keys, expected)
    }

    static let idToken = FuzzTarget(
        "id-token",
        words: [
            ".", "..", "{", "}", "[", "]", "null", "\"aud\":[\"martlet\"]", "\"azp\":\"martlet\"", "\"nbf\":0",
            "\"exp\":1e300",
            "\"alg\":\"none\"", "\"alg\":\"HS256\"", "\"alg\":\"RS256\"", "\"crit\":[]", "\"kid\":\"ed\"",
            "\"kty\":\"RSA\"",
            "\"kty\":\"EC\"", "\"crv\":\"P-256\"", "\"n\":\"AQAB\"", "\"e\":\"AQAB\"", "\"x\":\"\"", "\"use\":\"enc\"",
            "\"sub\":\"v\"", "https://", "http://127.0.0.1", "#",
        ], minted: [minted, claims, head], leastAccepted: 10, cost: 10,
        timed: Timed(.pool) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { subject(text) }
            let signed = token(head, input)
            _ = watch.time { subject(signed) }
            _ = watch.time { KeySet(input) }
            _ = watch.time { try? Metadata(input, of: expected.issuer, allowsLoopback: false) }
            _ = watch.time { try? PendingLogIn(text, of: provider, box, now: 0) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        if subject(text) != nil { try require(input == minted, "a forged token is accepted") }
        try require((try? PendingLogIn(text, of: provider, box, now: 0)) == nil, "a forged state is accepted")
        let (asClaims, asHead) = (try checkClaims(input), try checkHead(input))
        let (asKeys, asDocument) = (try checkKeys(input), try checkDocuments(input))
        return asClaims || asHead || asKeys || asDocument
    }

    private static func checkClaims(_ input: [UInt8]) throws(Finding) -> Bool {
        let bit = Int(fingerprint(input) % 512)
        try require(subject(token(head, input, flipping: bit)) == nil, "a wrong signature is accepted")
        try require(subject(token(head, input), by: others) == nil, "another's signature is accepted")
        guard let found = subject(token(head, input)) else { return false }
        let object = try? JSONValue.parse(input, depth: 8).object
        try require(
            object?["sub"]?.string == found && object?["iss"]?.string == expected.issuer
                && object?["nonce"]?.string == "n" && (1...255).contains(found.utf8.count), "claims are read as others")
        let names = object?["aud"]?.array ?? object?["aud"].map { [$0] } ?? []
        try require(
            names.contains(.string("martlet")) && (names.count == 1 || object?["azp"] == .string("martlet")),
            "a token for others is accepted")
        return true
    }

    private static func checkHead(_ input: [UInt8]) throws(Finding) -> Bool {
        guard subject(token(input, claims)) != nil else { return false }
        let object = try? JSONValue.parse(input, depth: 8).object
        try require(
            ["EdDSA", "Ed25519"].contains(object?["alg"]?.string) && object?["crit"] == nil,
            "another algorithm is accepted")
        return true
    }

    private static func checkKeys(_ input: [UInt8]) throws(Finding) -> Bool {
        guard let set = KeySet(input) else { return false }
        try require(set.keys.count <= KeySet.most && KeySet(input) == set, "a key set is read in two ways")
        for key in set.keys {
            for length in [0, 64, 256] {
                try require(
                    !key.key.verify([UInt8](repeating: 0, count: length), of: input), "a signature of zeros is accepted"
                )
            }
        }
        return !set.keys.isEmpty
    }

    private static func checkDocuments(_ input: [UInt8]) throws(Finding) -> Bool {
        var isGood = false
        if let metadata = try? Metadata(input, of: expected.issuer, allowsLoopback: false) {
            isGood = true
            for address in [metadata.authorizationEndpoint, metadata.tokenEndpoint, metadata.keysAddress] {
                try require(
                    address.lowercased().hasPrefix("https://") && address.utf8.allSatisfy { $0 > 32 && $0 < 127 },
                    "an address that is not https is taken")
            }
        }
        if let list = try? ProviderList.parse(input, allowsLoopback: false, secretFile: { _ in nil }) {
            isGood = isGood || !list.isEmpty
            try require(
                list.allSatisfy {
                    Provider.isName($0.name) && !$0.redirects.isEmpty && !$0.redirects.contains { $0.contains("#") }
                },
                "a list that is none is taken")
        }
        return isGood
    }
}
