import COpenSSL
public import Core

/// A private RSA key for signatures: RS256 (RFC 7518).
public struct RSAKey: Sendable, Concealed {
    private static let bits: ClosedRange<Int32> = 2048...8192

    /// In DER.
    private let bytes: [UInt8]
    public let publicKey: VerifyingKey

    /// - Parameter pem: a file, as `openssl` or Google's console writes it.
    /// - Returns: `nil` where there is no private RSA key of 2,048 to 8,192 bits in it, it is encrypted, or its halves don't
    ///   belong together.
    public init?(pem: String) {
        guard let key = PEM.privateKey(pem) else { return nil }
        defer { EVP_PKEY_free(key) }
        guard EVP_PKEY_is_a(key, "RSA") == 1, Self.bits.contains(EVP_PKEY_get_bits(key)),
            let info = Self.encoded(key, i2d_PUBKEY), let publicKey = VerifyingKey(.rs256, info: info),
            let bytes = Self.encoded(key, i2d_PrivateKey)
        else { return nil }
        // A number that was altered makes signatures that nobody takes; better to hear it now.
        guard let signature = SHA256Signature.tried([], by: key), publicKey.verify(signature, of: []) else {
            return nil
        }
        (self.bytes, self.publicKey) = (bytes, publicKey)
    }

    public func sign(_ message: [UInt8]) -> [UInt8] {
        let key = bytes.withUnsafeBufferPointer { buffer in
            var place = buffer.baseAddress
            return d2i_AutoPrivateKey(nil, &place, buffer.count)
        }
        guard let key else { preconditionFailure("RSA") }
        defer { EVP_PKEY_free(key) }
        return SHA256Signature.make(message, by: key)
    }

    private static func encoded(
        _ key: OpaquePointer, _ encode: (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
    ) -> [UInt8]? {
        let count = encode(key, nil)
        guard count > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        let written = bytes.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            return encode(key, &place)
        }
        return written == count ? bytes : nil
    }
}
