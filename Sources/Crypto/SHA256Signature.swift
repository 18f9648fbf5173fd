import COpenSSL

/// Signatures of a SHA-256 digest, as OpenSSL makes them by the kind of the key.
enum SHA256Signature {
    static func make(_ message: [UInt8], by key: OpaquePointer) -> [UInt8] {
        guard let signature = tried(message, by: key) else { preconditionFailure("signing") }
        return signature
    }

    /// - Returns: `nil` for a key that can't sign.
    static func tried(_ message: [UInt8], by key: OpaquePointer) -> [UInt8]? {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var count = Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else {
            ERR_clear_error()
            return nil
        }
        return Array(signature.prefix(count))
    }

    static func isGood(_ signature: [UInt8], of message: [UInt8], by key: OpaquePointer) -> Bool {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        let isGood =
            EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        // What was wrong stays in the thread's list of errors otherwise.
        ERR_clear_error()
        return isGood
    }
}
