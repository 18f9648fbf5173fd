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

    /// Part of the private exponent and of the primes is another: what it signed nobody could check.
    @Test func altered() {
        let lines = PrivateKeys.rsa.split(separator: "\n").map(String.init)
        for line in [8, 12, 15, 18, 21] {
            var other = lines
            other[line] = String(other[line].reversed())
            #expect(RSAKey(pem: other.joined(separator: "\n")) == nil, "line \(line)")
        }
    }
}
