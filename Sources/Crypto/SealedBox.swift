public import Core

/// Keeps bytes secret and unaltered under one key: AES-256-GCM, a random nonce of 12 bytes before the text, the tag of
/// 16 bytes after it.
public struct SealedBox: Sendable, Concealed {
    private let key: [UInt8]

    /// - Parameter key: 32 bytes.
    public init(key: [UInt8]) {
        precondition(key.count == 32, "an AES-256 key has 32 bytes")
        self.key = key
    }

    /// - Parameter name: what the bytes belong to; they can be opened under the same name only.
    public func seal(_ plain: [UInt8], for name: [UInt8]) -> [UInt8] {
        let nonce = Crypto.randomBytes(AESGCM.nonceLength)
        return nonce + AESGCM.seal(plain, key: key, nonce: nonce, name: name)
    }

    /// `nil` when it was not sealed with this key and for this name, or altered.
    public func open(_ box: [UInt8], for name: [UInt8]) -> [UInt8]? {
        guard box.count >= AESGCM.nonceLength else { return nil }
        return AESGCM.open(
            Array(box[AESGCM.nonceLength...]), key: key, nonce: Array(box[..<AESGCM.nonceLength]), name: name)
    }
}
