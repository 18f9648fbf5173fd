import Testing

@testable import Crypto

@Suite struct SigningKeyTests {
    /// RFC 8032, 7.1, test 3.
    @Test func hasItsPublishedValues() {
        func bytes(_ hex: String) -> [UInt8] {
            let digits = Array(hex.utf8)
            return stride(from: 0, to: digits.count, by: 2).map {
                UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)!
            }
        }
        let key = SigningKey(seed: bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))
        #expect(key.publicKey == bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"))
        let signature = key.sign([0xaf, 0x82])
        #expect(
            signature
                == bytes(
                    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                        + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"))
        #expect(SigningKey.verify(signature, of: [0xaf, 0x82], by: key.publicKey))
        #expect(!SigningKey.verify(signature, of: [0xaf, 0x83], by: key.publicKey))
        for place in signature.indices {
            var other = signature
            other[place] ^= 1
            #expect(!SigningKey.verify(other, of: [0xaf, 0x82], by: key.publicKey))
        }
        #expect(!SigningKey.verify([], of: [], by: key.publicKey) && !SigningKey.verify(signature, of: [], by: []))
    }

    @Test func emptyMessages() {
        let key = SigningKey(seed: Crypto.randomBytes(32))
        #expect(SigningKey.verify(key.sign([]), of: [], by: key.publicKey))
        #expect(!SigningKey.verify(key.sign([]), of: [], by: SigningKey(seed: Crypto.randomBytes(32)).publicKey))
    }
}
