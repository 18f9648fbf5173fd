import COpenSSL

/// A point of the curve P-256, which is checked to be on it: somebody's public key.
public struct P256PublicKey: Sendable, Equatable {
    public static let length = 65

    /// Uncompressed (SEC 1, 2.3.3): 4, and 32 bytes each of x and y.
    public let bytes: [UInt8]

    /// - Parameter bytes: an uncompressed point.
    /// - Returns: `nil` for what is none of the curve.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length, bytes[0] == 4, let key = martlet_p256_public(bytes, bytes.count) else {
            ERR_clear_error()
            return nil
        }
        EVP_PKEY_free(key)
        self.bytes = bytes
    }

    /// The public half of a key of OpenSSL's, which must be on P-256.
    init(of key: OpaquePointer) {
        var bytes = [UInt8](repeating: 0, count: Self.length)
        var count = 0
        precondition(
            EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, &bytes, bytes.count, &count) == 1
                && count == Self.length, "P-256")
        self.bytes = bytes
    }

    /// It is the caller's to free.
    func key() -> OpaquePointer {
        guard let key = martlet_p256_public(bytes, bytes.count) else { preconditionFailure("P-256") }
        return key
    }
}
