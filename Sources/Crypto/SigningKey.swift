import COpenSSL
public import Core

/// Signs so that everybody who has the public key can check it: Ed25519 (RFC 8032).
public struct SigningKey: Sendable, Concealed {
    public static let signatureLength = 64
    private static let length = 32

    /// Kept ready: to make it of the seed takes as long as a signature.
    private let key: HeldKey
    /// 32 bytes.
    public let publicKey: [UInt8]

    /// - Parameter seed: 32 bytes, which nobody else may know.
    public init(seed: [UInt8]) {
        precondition(seed.count == Self.length, "a seed has \(Self.length) bytes")
        guard let made = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            preconditionFailure("Ed25519")
        }
        key = HeldKey(made)
        publicKey = key.use { key in
            var bytes = [UInt8](repeating: 0, count: Self.length)
            var count = bytes.count
            precondition(EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 && count == Self.length, "Ed25519")
            return bytes
        }
    }

    /// 64 bytes; the same message has the same signature.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        key.use { key in
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            var signature = [UInt8](repeating: 0, count: Self.signatureLength)
            var count = signature.count
            precondition(
                EVP_DigestSignInit(context, nil, nil, nil, key) == 1
                    && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
                    && count == Self.signatureLength, "Ed25519")
            return signature
        }
    }

    /// - Parameters:
    ///   - signature: of any length.
    ///   - publicKey: of any length.
    public static func verify(_ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]) -> Bool {
        guard publicKey.count == length, signature.count == signatureLength,
            let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count)
        else { return false }
        defer { EVP_PKEY_free(key) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
