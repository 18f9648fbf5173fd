import Core
import TestSupport
import Testing

@testable import Crypto

@Suite struct P256KeyTests {
    private static func bytes(_ text: String) -> [UInt8] { Base64URL.decode(text)! }

    /// RFC 7515, A.3: key and token.
    @Test func jws() throws {
        let key = try #require(P256Key(scalar: Self.bytes("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")))
        #expect(
            key.publicKey.bytes
                == [4] + Self.bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
                + Self.bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
        let token =
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
            + "Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        let read = try #require(SignedToken(token, longest: 1024))
        #expect(read.isSigned(by: VerifyingKey(key.publicKey)))
        #expect(read.claims?["iss"] == "joe")
        let made = SignedToken.make(head: ["alg": "ES256"], claims: ["iss": "joe"], sign: key.sign)
        let again = try #require(SignedToken(made, longest: 1024))
        #expect(again.isSigned(by: VerifyingKey(key.publicKey)) && again.head["alg"] == "ES256")
        #expect(!again.isSigned(by: VerifyingKey(P256Key().publicKey)))
        #expect(SignedToken(made, longest: made.utf8.count - 1) == nil)
    }

    /// RFC 8291, appendix A.
    @Test func agreement() throws {
        let sender = try #require(P256Key(scalar: Self.bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")))
        let receiver = try #require(P256Key(scalar: Self.bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")))
        let secret = Self.bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs")
        #expect(sender.sharedSecret(with: receiver.publicKey) == secret)
        #expect(receiver.sharedSecret(with: sender.publicKey) == secret)
        let (fresh, agreed) = P256Key.agreement(with: receiver.publicKey)
        #expect(receiver.sharedSecret(with: fresh) == agreed && agreed != secret)
    }

    @Test func newKeys() throws {
        for _ in 0..<100 {
            let key = P256Key()
            let again = try #require(P256Key(scalar: key.scalar))
            #expect(again.publicKey == key.publicKey && P256PublicKey(key.publicKey.bytes) == key.publicKey)
            let signature = key.sign([1, 2, 3])
            #expect(signature.count == P256Key.signatureLength)
            #expect(VerifyingKey(key.publicKey).verify(signature, of: [1, 2, 3]))
            #expect(!VerifyingKey(key.publicKey).verify(signature, of: [1, 2]))
        }
    }

    @Test func files() throws {
        let scalar = Self.bytes(PrivateKeys.p256Scalar)
        for text in [
            PrivateKeys.p256, PrivateKeys.oldP256, "x\n" + PrivateKeys.p256 + "\n\n", PrivateKeys.p256 + "\r\n",
        ] {
            #expect(P256Key(pem: text)?.scalar == scalar)
        }
        for text in [
            "", "x", PrivateKeys.p384, PrivateKeys.encrypted, PrivateKeys.rsa, PrivateKeys.ed25519,
            String(PrivateKeys.p256.dropLast(30)), PrivateKeys.p256.replacing("XAOK8", with: "XA-K8"),
            PrivateKeys.p256 + String(repeating: " ", count: 16_384),
        ] { #expect(P256Key(pem: text) == nil) }
    }

    /// No scalar is zero, or at the order or above it.
    @Test func numbersThatAreNoKeys() {
        let order: [UInt8] = [
            0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
            0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
        ]
        #expect(P256Key(scalar: order.dropLast() + [0x50]) != nil)
        for scalar in [
            [], [UInt8](repeating: 0, count: 32), order, order.dropLast() + [0x52], [UInt8](repeating: 255, count: 32),
            [1], [UInt8](repeating: 1, count: 33),
        ] as [[UInt8]] { #expect(P256Key(scalar: scalar) == nil) }
    }

    @Test func pointsThatAreNone() {
        let good = P256Key().publicKey.bytes
        for index in [1, 32, 33, 64] {
            var other = good
            other[index] ^= 1
            #expect(P256PublicKey(other) == nil)
        }
        for bytes in [
            [], [0], [4], [4] + [UInt8](repeating: 0, count: 64), [4] + [UInt8](repeating: 255, count: 64),
            [5] + good.dropFirst(), [6 | good[64] & 1] + good.dropFirst(), [2] + good[1...32], Array(good.dropLast()),
            good + [0],
        ] as [[UInt8]] { #expect(P256PublicKey(bytes) == nil) }
    }
}
