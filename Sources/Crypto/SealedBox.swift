public import Core

/// Keeps bytes secret and unaltered: AES-256-GCM, a random nonce of 12 bytes before the text, the tag of 16 bytes after it. Seals with
/// the current key, and opens with others as well.
public struct SealedBox: Sendable, Concealed {
    private let keys: SecretKeys
    private let isStored: Bool

    /// - Parameter key: 32 bytes.
    public init(key: [UInt8]) { self.init(ofStored: SecretKeys(key)) }

    /// For what we keep ourselves: it opens with all keys, whatever their ends.
    public init(ofStored keys: SecretKeys) { self.init(keys, isStored: true) }

    /// For what clients keep and bring: it opens with keys that are accepted now.
    public init(ofClients keys: SecretKeys) { self.init(keys, isStored: false) }

    private init(_ keys: SecretKeys, isStored: Bool) {
        precondition(keys.all.allSatisfy { $0.count == 32 }, "an AES-256 key has 32 bytes")
        (self.keys, self.isStored) = (keys, isStored)
    }

    /// - Parameter name: what the bytes belong to; they can be opened under the same name only.
    public func seal(_ plain: [UInt8], for name: [UInt8]) -> [UInt8] {
        let nonce = Crypto.randomBytes(AESGCM.nonceLength)
        return nonce + AESGCM.seal(plain, key: keys.current, nonce: nonce, name: name)
    }

    /// `nil` when it was not sealed with one of the keys and for this name, or altered.
    public func open(_ box: [UInt8], for name: [UInt8]) -> [UInt8]? {
        guard box.count >= AESGCM.nonceLength else { return nil }
        let (nonce, sealed) = (Array(box[..<AESGCM.nonceLength]), Array(box[AESGCM.nonceLength...]))
        for key in isStored ? keys.all : keys.accepted {
            if let plain = AESGCM.open(sealed, key: key, nonce: nonce, name: name) { return plain }
        }
        return nil
    }
}
