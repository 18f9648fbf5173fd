import COpenSSL

/// AES in Galois/Counter Mode (NIST SP 800-38D), with 128 or 256 bits by the key's length.
public enum AESGCM {
    public static let nonceLength = 12
    public static let tagLength = 16

    /// - Parameters:
    ///   - key: 16 or 32 bytes.
    ///   - nonce: 12 bytes; with one key never the same twice.
    ///   - name: what the text belongs to: it opens with the same only.
    /// - Returns: as many bytes as the text has, and the tag.
    public static func seal(_ plain: [UInt8], key: [UInt8], nonce: [UInt8], name: [UInt8] = []) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: plain.count)
        var tag = [UInt8](repeating: 0, count: tagLength)
        var length: Int32 = 0
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        let sealed =
            EVP_EncryptInit_ex(context, cipher(key, nonce), nil, key, nonce) == 1
            && EVP_EncryptUpdate(context, nil, &length, name, Int32(name.count)) == 1
            && EVP_EncryptUpdate(context, &text, &length, plain, Int32(plain.count)) == 1
            && EVP_EncryptFinal_ex(context, &tag, &length) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
        precondition(sealed, "AES-GCM")
        return text + tag
    }

    /// - Parameters: as `seal` has them.
    /// - Returns: `nil` for what was not sealed with these, or is altered.
    public static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], name: [UInt8] = []) -> [UInt8]? {
        guard sealed.count >= tagLength else { return nil }
        var tag = Array(sealed.suffix(tagLength))
        let text = Array(sealed.dropLast(tagLength))
        var plain = [UInt8](repeating: 0, count: text.count)
        var rest = [UInt8](repeating: 0, count: tagLength)
        var length: Int32 = 0
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        let opened =
            EVP_DecryptInit_ex(context, cipher(key, nonce), nil, key, nonce) == 1
            && EVP_DecryptUpdate(context, nil, &length, name, Int32(name.count)) == 1
            && EVP_DecryptUpdate(context, &plain, &length, text, Int32(text.count)) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1
            && EVP_DecryptFinal_ex(context, &rest, &length) == 1
        return opened ? plain : nil
    }

    private static func cipher(_ key: [UInt8], _ nonce: [UInt8]) -> OpaquePointer? {
        precondition(nonce.count == nonceLength, "a nonce has \(nonceLength) bytes")
        precondition(key.count == 16 || key.count == 32, "a key of AES-GCM has 16 or 32 bytes")
        return key.count == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm()
    }
}
