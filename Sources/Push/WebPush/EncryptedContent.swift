import Core
import Crypto

/// The content coding `aes128gcm` (RFC 8188): a head with salt, size of records and a name of the key, and records that are
/// encrypted one by one.
public enum EncryptedContent {
    public static let saltLength = 16
    /// What a record has besides its text: a delimiter and the tag.
    static let overhead = 1 + AESGCM.tagLength
    /// A record has one byte of text at least.
    private static let leastRecord = overhead + 1
    /// Salt, size, and the length of the name.
    static let headLength = saltLength + 4 + 1

    /// What is before the records.
    public struct Head: Sendable, Equatable {
        public let salt: [UInt8]
        public let recordSize: Int
        public let keyID: [UInt8]
    }

    /// - Parameters:
    ///   - key: of any length; the keys of the cipher are made of it and the salt.
    ///   - salt: 16 bytes; with one key never the same twice.
    ///   - recordSize: bytes of an encrypted record, above 17.
    ///   - keyID: at most 255 bytes.
    public static func encrypt(
        _ plain: [UInt8], key: [UInt8], salt: [UInt8], recordSize: Int = 4096, keyID: [UInt8] = []
    ) -> [UInt8] {
        precondition(salt.count == saltLength && (leastRecord...Int(UInt32.max)).contains(recordSize))
        precondition(keyID.count <= 255, "a name of a key has at most 255 bytes")
        let keys = Keys(key, salt)
        var body = ByteWriter(capacity: headLength + keyID.count + plain.count + overhead)
        body.append(salt)
        body.append(bigEndian: UInt64(recordSize), width: 4)
        body.append(UInt8(keyID.count))
        body.append(keyID)
        var rest = plain[...]
        var number: UInt64 = 0
        repeat {
            let text = rest.prefix(recordSize - overhead)
            rest = rest.dropFirst(text.count)
            body.append(keys.seal(text + [rest.isEmpty ? 2 : 1], number))
            number += 1
        } while !rest.isEmpty
        return body.bytes
    }

    /// - Parameters:
    ///   - longest: bytes that a body may have.
    ///   - key: the key of a head; `nil`: there is none.
    /// - Returns: `nil` for what was not encrypted by the key, was altered, or lacks its end.
    public static func decrypt(_ body: [UInt8], longest: Int, key: (Head) -> [UInt8]?) -> [UInt8]? {
        guard body.count <= longest, let (head, records) = read(body), let secret = key(head) else { return nil }
        let keys = Keys(secret, head.salt)
        var plain: [UInt8] = []
        var rest = records
        var number: UInt64 = 0
        repeat {
            let record = rest.prefix(head.recordSize)
            rest = rest.dropFirst(record.count)
            // Text, a delimiter, and zeros that hide how long the text is.
            guard let text = keys.open(Array(record), number), let end = text.lastIndex(where: { $0 != 0 }),
                text[end] == (rest.isEmpty ? 2 : 1)
            else { return nil }
            plain += text[..<end]
            number += 1
        } while !rest.isEmpty
        return plain
    }

    private static func read(_ body: [UInt8]) -> (Head, ArraySlice<UInt8>)? {
        var reader = ByteReader(body)
        guard let salt = reader.take(saltLength), let size = reader.unsigned(width: 4), size >= leastRecord,
            let length = reader.unsigned(width: 1), let keyID = reader.take(Int(length))
        else { return nil }
        return (Head(salt: Array(salt), recordSize: Int(size), keyID: Array(keyID)), body[reader.position...])
    }

    /// What follows from key and salt.
    private struct Keys {
        let key: [UInt8]
        let nonce: [UInt8]

        init(_ secret: [UInt8], _ salt: [UInt8]) {
            key = Crypto.hkdf(secret, salt: salt, info: Array("Content-Encoding: aes128gcm\0".utf8), length: 16)
            nonce = Crypto.hkdf(
                secret, salt: salt, info: Array("Content-Encoding: nonce\0".utf8), length: AESGCM.nonceLength)
        }

        func seal(_ text: ArraySlice<UInt8>, _ number: UInt64) -> [UInt8] {
            AESGCM.seal(Array(text), key: key, nonce: nonce(number))
        }

        func open(_ record: [UInt8], _ number: UInt64) -> [UInt8]? {
            AESGCM.open(record, key: key, nonce: nonce(number))
        }

        private func nonce(_ number: UInt64) -> [UInt8] {
            var counter = ByteWriter(capacity: AESGCM.nonceLength)
            counter.append(bigEndian: 0, width: 4)
            counter.append(bigEndian: number, width: 8)
            return zip(nonce, counter.bytes).map { $0 ^ $1 }
        }
    }
}
