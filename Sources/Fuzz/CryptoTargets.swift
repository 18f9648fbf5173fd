import Core
import Crypto
import Live
import TestSupport

extension FuzzTarget {
    private static let signer = TokenSigner(key: fuzzKey)
    private static let now: Int64 = 1_800_000_000
    private static let tokens = [
        AccessToken(
            subject: ID(raw: 7), session: ID(raw: 9), issuedAt: now, expiresAt: now + 900, tokenID: "r4nd0m"),
        AccessToken(subject: .max, session: .zero, issuedAt: 0, expiresAt: .max, tokenID: ""),
    ]
    private static let header = #"{"alg":"HS256","typ":"JWT"}"#

    /// Access tokens. An input that is no token is also signed as if it were the claims of one: they are read with the
    /// same care.
    static let accessToken = FuzzTarget(
        "token",
        words: [
            ".", "..", "eyJ", "e30", "eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "=", "\"exp\":1",
            "\"sub\":\"7\"", "\"iss\":\"martlet\"", "\"sid\":\"9\"", "null", "\"jti\":\"\"", "\"iat\":0", "-", "{", "}",
        ],
        minted: tokens.map { Array(signer.sign($0).utf8) }, leastAccepted: 10,
        timed: Timed(.loop) { input, watch in
            let text = String(decoding: input.prefix(ClientFrame.longest), as: UTF8.self)
            _ = watch.time { try? signer.verify(text, now: now) }
            let signed = signature(of: input)
            _ = watch.time { try? signer.verify(signed, now: now) }
        }
    ) { input, _ throws(Finding) in
        let isGood = try checkClaims(input)
        guard let token = try? signer.verify(String(decoding: input, as: UTF8.self), now: now) else { return isGood }
        try require(tokens.contains(token), "a forged token is accepted: \(token)")
        try require(Array(signer.sign(token).utf8) == input, "an altered token is accepted")
        return true
    }

    private static func claims(_ input: [UInt8]) -> String {
        Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(input)
    }

    /// The input as claims, signed.
    private static func signature(of input: [UInt8]) -> String {
        let signed = claims(input)
        return signed + "." + Base64URL.encode(Crypto.hmacSHA256(key: fuzzKey, Array(signed.utf8)))
    }

    /// Are the claims good, once they are signed?
    private static func checkClaims(_ input: [UInt8]) throws(Finding) -> Bool {
        let signed = claims(input)
        let code = Crypto.hmacSHA256(key: fuzzKey, Array(signed.utf8))
        let text = signed + "." + Base64URL.encode(code)
        let token = try? signer.verify(text, now: now)
        if let token {
            try require(token.expiresAt > now, "an expired token is accepted")
            try require((try? signer.verify(signer.sign(token), now: now)) == token, "the claims are read as others")
        }
        var wrong = code
        wrong[Int(fingerprint(input) % 32)] ^= 1 << UInt8(fingerprint(input) >> 32 & 7)
        let forged = try? signer.verify(signed + "." + Base64URL.encode(wrong), now: now)
        try require(forged == nil, "a wrong code is accepted")
        return token != nil
    }

    private static let box = SealedBox(key: fuzzKey)
    /// Sealed once with the key: nothing, and "{}".
    private static let boxes: [(plain: [UInt8], sealed: String)] = [
        ([], "EHB0EHgsAcXmhjhR2gsJj8UwQOu0PJk1SZHOhQ"), (Array("{}".utf8), "NAUY_yVeiyicThNBKduftWdbfwCQxXfHC7k_8mdz"),
    ]
    private static let mintedBoxes = boxes.map { Base64URL.decode($0.sealed)! }

    /// Sealed boxes.
    static let sealedBox = FuzzTarget(
        "sealed-box", minted: mintedBoxes, leastAccepted: 0,
        timed: Timed(.pool) { input, watch in _ = watch.time { box.open(input, for: []) } }
    ) { input, _ throws(Finding) in
        var random = Seeded(fingerprint(input))
        var sealed = box.seal(input, for: [])
        try require(box.open(sealed, for: []) == input, "what was sealed does not open")
        try require(sealed.count == input.count + 28, "a box of \(sealed.count) bytes for \(input.count)")
        sealed[random.below(sealed.count)] ^= 1 << UInt8(random.below(8))
        try require(box.open(sealed, for: []) == nil, "an altered box opens")
        try require(box.open(Array(sealed.prefix(random.below(sealed.count))), for: []) == nil, "a part of a box opens")
        guard let plain = box.open(input, for: []) else { return false }
        let known = mintedBoxes.firstIndex(of: input).map { boxes[$0].plain }
        try require(known == plain, "a forged box opens")
        return true
    }
}
