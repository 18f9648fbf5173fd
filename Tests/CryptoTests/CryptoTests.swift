import Core
import Testing

@testable import Crypto

@Suite struct CryptoTests {
    /// The vectors of FIPS 180-4.
    @Test func sha1() {
        func hex(_ text: String) -> String {
            var writer = ByteWriter()
            writer.append(hex: Crypto.sha1(Array(text.utf8)))
            return writer.string
        }
        #expect(hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
    }

    /// RFC 4231, test case 2.
    @Test func hmacHasItsPublishedValue() {
        var hex = ByteWriter()
        hex.append(hex: Crypto.hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
        #expect(hex.string == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    /// RFC 5869, test case 1, of which a block is the beginning.
    @Test func hkdf() {
        let key = Crypto.hkdf(
            [UInt8](repeating: 0x0b, count: 22), salt: [UInt8](0...0x0c), info: [UInt8](0xf0...0xf9), length: 32)
        #expect(key.hexadecimal == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        #expect(
            Crypto.hkdf(
                [UInt8](repeating: 0x0b, count: 22), salt: [UInt8](0...0x0c), info: [UInt8](0xf0...0xf9), length: 12)
                == Array(key.prefix(12)))
    }

    /// The GCM specification, test cases 2 and 14: a block of zeros by a key of zeros.
    @Test func aesGCM() {
        let (block, nonce) = ([UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 12))
        #expect(
            AESGCM.seal(block, key: block, nonce: nonce).hexadecimal
                == "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf")
        #expect(
            AESGCM.seal(block, key: block + block, nonce: nonce).hexadecimal
                == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
        let sealed = AESGCM.seal(block, key: block, nonce: nonce, name: [7])
        #expect(AESGCM.open(sealed, key: block, nonce: nonce, name: [7]) == block)
        #expect(AESGCM.open(sealed, key: block, nonce: nonce) == nil)
        #expect(AESGCM.open(Array(sealed.dropFirst()), key: block, nonce: nonce, name: [7]) == nil)
        #expect(AESGCM.open([1, 2], key: block, nonce: nonce) == nil)
    }

    /// However it is printed.
    @Test func secretsAreNotShown() {
        let key = P256Key()
        let held = (key: key, box: SealedBox(key: key.scalar), seed: SigningKey(seed: key.scalar), or: Optional(key))
        var dumped = ""
        dump(held, to: &dumped)
        for text in [dumped, "\(held)", "\(key)", String(reflecting: [key]), String(describing: held)] {
            #expect(!text.contains("\(key.scalar[0]), \(key.scalar[1])"))
            #expect(!text.contains(key.scalar.hexadecimal) && text.contains("P256Key(…)"))
        }
    }

    @Test func aSealedBoxOpensOnlyWholeAndWithItsKey() {
        let box = SealedBox(key: Crypto.randomBytes(32))
        for plain in [[], Array("secret".utf8), Crypto.randomBytes(5000)] as [[UInt8]] {
            let sealed = box.seal(plain, for: [])
            #expect(box.open(sealed, for: []) == plain)
            #expect(box.seal(plain, for: []) != sealed)
            for index in [0, sealed.count / 2, sealed.count - 1] {
                var altered = sealed
                altered[index] ^= 1
                #expect(box.open(altered, for: []) == nil)
            }
            #expect(box.open(Array(sealed.dropLast()), for: []) == nil)
            #expect(SealedBox(key: Crypto.randomBytes(32)).open(sealed, for: []) == nil)
        }
        #expect(box.open([], for: []) == nil)
    }

    @Test func aSealedBoxOpensForItsNameOnly() {
        let box = SealedBox(key: Crypto.randomBytes(32))
        let sealed = box.seal(Array("secret".utf8), for: Array("mine".utf8))
        #expect(box.open(sealed, for: Array("mine".utf8)) == Array("secret".utf8))
        for other in ["", "yours", "min", "mine "] { #expect(box.open(sealed, for: Array(other.utf8)) == nil) }
    }

    @Test func passwords() async throws {
        let hasher = PasswordHasher(threads: 1, cost: 1)
        let hash = try await hasher.hash("correct horse")
        #expect(hash.hasPrefix("$y$"))
        #expect(try await hasher.verify("correct horse", against: hash) == .right)
        #expect(try await hasher.verify("correct horsf", against: hash) == .wrong)
        #expect(try await hasher.verify("no such account", against: nil) == .wrong)
        #expect(try await hasher.hash("correct horse") != hash)
    }

    @Test func aCheaperHashIsTold() async throws {
        let (old, new) = (PasswordHasher(threads: 1, cost: 1), PasswordHasher(threads: 1, cost: 3))
        let hash = try await old.hash("correct horse")
        #expect(PasswordHasher.cost(of: hash) == 1)
        #expect(try await new.verify("correct horse", against: hash) == .rightButCheap)
        #expect(PasswordHasher.cost(of: try await new.hash("correct horse")) == 3)
        #expect(try await old.verify("correct horse", against: try await new.hash("correct horse")) == .right)
    }

    /// As an operator writes it to lock an account. And a hash that was made elsewhere, of the digest that stands for "x".
    @Test(arguments: ["", "*", "!", "*0", "$y$", "$y$j9T$", "plain"])
    func whatIsNoHashOpensNothing(_ hash: String) async throws {
        let hasher = PasswordHasher(threads: 1, cost: 1)
        for password in ["", hash, "x"] { #expect(try await hasher.verify(password, against: hash) == .wrong) }
    }

    /// Longer than libxcrypt takes at once, and behind a NUL: every character counts.
    @Test func allOfAPasswordCounts() async throws {
        let hasher = PasswordHasher(threads: 1, cost: 1)
        let long = String(repeating: "😀", count: 255)
        let hash = try await hasher.hash(long + "a")
        #expect(try await hasher.verify(long + "a", against: hash) == .right)
        #expect(try await hasher.verify(long + "b", against: hash) == .wrong)
    }
}
