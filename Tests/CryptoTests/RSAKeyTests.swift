import Core
import TestSupport
import Testing

@testable import Crypto

@Suite struct RSAKeyTests {
    @Test func signs() throws {
        let key = try #require(RSAKey(pem: PrivateKeys.rsa))
        let signature = key.sign([1, 2, 3])
        #expect(signature.count == 256 && key.publicKey.algorithm == .rs256)
        #expect(key.publicKey.verify(signature, of: [1, 2, 3]) && !key.publicKey.verify(signature, of: [1, 2, 4]))
        // PKCS#1 v1.5 has no randomness.
        #expect(key.sign([1, 2, 3]) == signature)
    }

    @Test func whatIsNone() {
        for text in [
            "", PrivateKeys.shortRSA, PrivateKeys.p256, PrivateKeys.ed25519, PrivateKeys.encrypted,
            PrivateKeys.rsa.replacing("END PRIVATE", with: "END PUBLIC"), String(PrivateKeys.rsa.dropFirst(200)),
        ] { #expect(RSAKey(pem: text) == nil) }
    }

    /// A key whose numbers don't belong together is none, or OpenSSL found its way around the wrong one.
    @Test func altered() throws {
        let lines = PrivateKeys.rsa.split(separator: "\n").map(String.init)
        let signature = try #require(RSAKey(pem: PrivateKeys.rsa)).sign([1])
        var refused = 0
        for line in 1..<lines.count - 1 {
            var other = lines
            other[line] = String(other[line].reversed())
            let key = RSAKey(pem: other.joined(separator: "\n"))
            if key == nil { refused += 1 }
            #expect(key?.sign([1]) ?? signature == signature, "line \(line)")
        }
        #expect(refused > 10)
    }
}
