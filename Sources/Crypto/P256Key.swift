import COpenSSL
public import Core

/// A private key on P-256, for signatures (ES256, RFC 7518) and for agreeing on a secret (ECDH).
public struct P256Key: Sendable, Concealed {
    public static let signatureLength = 64
    private static let length = 32
    /// The order of the curve: a key is above zero and below it.
    private static let order: [UInt8] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ]

    /// 32 bytes, big-endian, which nobody else may know.
    public let scalar: [UInt8]
    public let publicKey: P256PublicKey

    /// A new one.
    public init() {
        let key = Self.fresh()
        defer { EVP_PKEY_free(key) }
        (scalar, publicKey) = (Self.scalar(of: key), P256PublicKey(of: key))
    }

    /// - Parameter scalar: 32 bytes, big-endian.
    /// - Returns: `nil` for what is no key.
    public init?(scalar: [UInt8]) {
        guard scalar.count == Self.length, scalar.contains(where: { $0 != 0 }),
            scalar.lexicographicallyPrecedes(Self.order)
        else { return nil }
        let key = Self.key(scalar)
        defer { EVP_PKEY_free(key) }
        (self.scalar, publicKey) = (scalar, P256PublicKey(of: key))
    }

    /// - Parameter pem: a file, as `openssl` writes it, or Apple's `.p8`.
    /// - Returns: `nil` where there is no private key of this curve in it, or it is encrypted.
    public init?(pem: String) {
        guard let key = PEM.privateKey(pem) else { return nil }
        defer { EVP_PKEY_free(key) }
        var name = [CChar](repeating: 0, count: 32)
        var count = 0
        guard EVP_PKEY_is_a(key, "EC") == 1, EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1,
            name.withUnsafeBufferPointer({ String(cString: $0.baseAddress!) }) == "prime256v1"
        else { return nil }
        // The public half follows from the private one, whatever the file says.
        self.init(scalar: Self.scalar(of: key))
    }

    /// - Returns: `r` and `s`, 32 bytes each, as a JWS has them. The same message has another signature each time.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        let key = Self.key(scalar)
        defer { EVP_PKEY_free(key) }
        let der = SHA256Signature.make(message, by: key)
        let parts = der.withUnsafeBufferPointer { buffer in
            var place = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &place, buffer.count)
        }
        defer { ECDSA_SIG_free(parts) }
        return Self.bytes(ECDSA_SIG_get0_r(parts)) + Self.bytes(ECDSA_SIG_get0_s(parts))
    }

    /// What only the two holders of the private keys can know: 32 bytes, the x of a point. It is no key yet; make one of it
    /// with `Crypto.hkdf`.
    public func sharedSecret(with other: P256PublicKey) -> [UInt8] {
        let key = Self.key(scalar)
        defer { EVP_PKEY_free(key) }
        return Self.derive(key, other)
    }

    /// Agrees on a secret with a new key that is then forgotten.
    public static func agreement(with other: P256PublicKey) -> (publicKey: P256PublicKey, secret: [UInt8]) {
        let key = fresh()
        defer { EVP_PKEY_free(key) }
        return (P256PublicKey(of: key), derive(key, other))
    }

    private static func derive(_ key: OpaquePointer, _ other: P256PublicKey) -> [UInt8] {
        let peer = other.key()
        defer { EVP_PKEY_free(peer) }
        let context = EVP_PKEY_CTX_new(key, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var secret = [UInt8](repeating: 0, count: length)
        var count = length
        // Not checked again, which takes as long as all the rest: who is on this curve is in its only group.
        precondition(
            EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer_ex(context, peer, 0) == 1
                && EVP_PKEY_derive(context, &secret, &count) == 1 && count == length, "ECDH")
        return secret
    }

    private static func fresh() -> OpaquePointer {
        guard let key = martlet_p256_new() else { preconditionFailure("no new key on P-256") }
        return key
    }

    /// From the form of RFC 5915; OpenSSL reckons the public half.
    private static func key(_ scalar: [UInt8]) -> OpaquePointer {
        let der = DER.sequence(DER.integer([1]) + DER.octetString(scalar) + DER.firstOptional(DER.p256))
        let key = der.withUnsafeBufferPointer { buffer in
            var place = buffer.baseAddress
            return d2i_PrivateKey(EVP_PKEY_EC, nil, &place, buffer.count)
        }
        guard let key else { preconditionFailure("P-256") }
        return key
    }

    private static func scalar(of key: OpaquePointer) -> [UInt8] {
        var number: OpaquePointer?
        precondition(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1, "P-256")
        defer { BN_clear_free(number) }
        return bytes(number)
    }

    private static func bytes(_ number: OpaquePointer?) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        precondition(BN_bn2binpad(number, &bytes, Int32(length)) == length, "P-256")
        return bytes
    }
}
