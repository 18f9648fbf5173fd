import Crypto
import Testing

@testable import Push

@Suite struct EncryptedContentTests {
    private static let walrus = Array("I am the walrus".utf8)

    /// RFC 8188, 3.1: one record.
    @Test func oneRecord() {
        let key = bytes("yqdlZ-tYemfogSmv7Ws5PQ")
        let body = bytes(
            "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg")
        #expect(EncryptedContent.encrypt(Self.walrus, key: key, salt: Array(body.prefix(16))) == body)
        let plain = EncryptedContent.decrypt(body, longest: 4096) { head in
            #expect(head.recordSize == 4096 && head.keyID == [] && head.salt == Array(body.prefix(16)))
            return key
        }
        #expect(plain == Self.walrus)
    }

    /// RFC 8188, 3.2: two records, the first with a byte of padding, and a key with a name.
    @Test func twoRecords() {
        let body = bytes(
            "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA")
        let plain = EncryptedContent.decrypt(body, longest: 4096) { head in
            #expect(head.recordSize == 25 && head.keyID == Array("a1".utf8))
            return bytes("BO3ZVPxUlnLORbVGMpbT1Q")
        }
        #expect(plain == Self.walrus)
    }

    @Test func anyLengthAndRecordSize() {
        for size in [18, 19, 25, 100, 4096] {
            for length in [0, 1, 7, 8, 9, 82, 83, 84, 166, 1000] {
                let (plain, key) = (Crypto.randomBytes(length), Crypto.randomBytes(16))
                let body = EncryptedContent.encrypt(
                    plain, key: key, salt: Crypto.randomBytes(16), recordSize: size, keyID: [1, 2])
                let records = max((length + size - 18) / (size - 17), 1)
                #expect(body.count == 21 + 2 + length + records * 17)
                #expect(EncryptedContent.decrypt(body, longest: body.count) { _ in key } == plain)
                #expect(EncryptedContent.decrypt(body, longest: body.count - 1) { _ in key } == nil)
                #expect(EncryptedContent.decrypt(body, longest: body.count) { _ in nil } == nil)
                let other = Crypto.randomBytes(16)
                #expect(EncryptedContent.decrypt(body, longest: body.count) { _ in other } == nil)
            }
        }
    }

    /// Every bit counts, and every byte: also where a body is cut between records.
    @Test func alteredOrCut() {
        let key = Crypto.randomBytes(16)
        let body = EncryptedContent.encrypt(
            Crypto.randomBytes(40), key: key, salt: Crypto.randomBytes(16), recordSize: 30, keyID: [])
        func opens(_ body: [UInt8]) -> Bool { EncryptedContent.decrypt(body, longest: 4096) { _ in key } != nil }
        #expect(opens(body))
        for index in body.indices {
            for bit in 0..<8 {
                var other = body
                other[index] ^= 1 << bit
                #expect(!opens(other))
            }
            #expect(!opens(Array(body[..<index])))
        }
        #expect(!opens(body + [0]))
        // Records in another order, and one twice.
        let (first, second, third) = (Array(body[21..<51]), Array(body[51..<81]), Array(body[81..<111]))
        for records in [second + first + third, first + first + second + third, first + third, third + first + second] {
            #expect(!opens(body[..<21] + records))
        }
    }
}
