import COpenSSL

/// Keeps bytes secret and unaltered under one key: AES-256-GCM, a random nonce of 12 bytes before the text, the tag of
/// 16 bytes after it.
public struct SealedBox: Sendable {
    private static let nonceLength = 12
    private static let tagLength = 16
    private let key: [UInt8]

    /// - Parameter key: 32 bytes.
    public init(key: [UInt8]) {
        precondition(key.count == 32, "an AES-256 key has 32 bytes")
        self.key = key
    }

    /// - Parameter name: what the bytes belong to; they can be opened under the same name only.
    public func seal(_ plain: [UInt8], for name: [UInt8]) -> [UInt8] {
        let nonce = Crypto.randomBytes(Self.nonceLength)
        var text = [UInt8](repeating: 0, count: plain.count)
        var tag = [UInt8](repeating: 0, count: Self.tagLength)
        var length: Int32 = 0
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        let sealed =
            EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_EncryptUpdate(context, nil, &length, name, Int32(name.count)) == 1
            && EVP_EncryptUpdate(context, &text, &length, plain, Int32(plain.count)) == 1
            && EVP_EncryptFinal_ex(context, &tag, &length) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagLength), &tag) == 1
        precondition(sealed, "AES-GCM")
        return nonce + text + tag
    }

    /// `nil` when it was not sealed with this key and for this name, or altered.
    public func open(_ box: [UInt8], for name: [UInt8]) -> [UInt8]? {
        guard box.count >= Self.nonceLength + Self.tagLength else { return nil }
        let nonce = Array(box.prefix(Self.nonceLength))
        var tag = Array(box.suffix(Self.tagLength))
        let text = Array(box[Self.nonceLength..<box.count - Self.tagLength])
        var plain = [UInt8](repeating: 0, count: text.count)
        var rest = [UInt8](repeating: 0, count: Self.tagLength)
        var length: Int32 = 0
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        let opened =
            EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_DecryptUpdate(context, nil, &length, name, Int32(name.count)) == 1
            && EVP_DecryptUpdate(context, &plain, &length, text, Int32(text.count)) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagLength), &tag) == 1
            && EVP_DecryptFinal_ex(context, &rest, &length) == 1
        return opened ? plain : nil
    }
}
