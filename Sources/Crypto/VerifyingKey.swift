import COpenSSL
import Core

/// Somebody else's public key, and the one algorithm by which it checks signatures (RFC 7518, RFC 8037).
public struct VerifyingKey: Sendable, Equatable {
    public enum Algorithm: String, Sendable, CaseIterable {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rs256 = "RS256"
        /// ECDSA on P-256 with SHA-256; a signature is `r` and `s`, 32 bytes each.
        case es256 = "ES256"
        /// Ed25519.
        case edDSA = "EdDSA"

        /// - Parameter name: as a JWS or a JWK has it; Ed25519 has a newer one (RFC 9864).
        public init?(name: String) {
            self.init(rawValue: name.isExactly("Ed25519") ? Self.edDSA.rawValue : name)
        }
    }

    /// Bytes of an RSA modulus: 2,048 to 8,192 bits.
    private static let modulusLength = 256...1024
    private static let coordinateLength = 32
    private static let ed25519Length = 32

    public let algorithm: Algorithm
    /// A SubjectPublicKeyInfo in DER (RFC 5280); of Ed25519 the key as it is.
    private let bytes: [UInt8]

    /// - Parameters:
    ///   - modulus: big-endian.
    ///   - exponent: the same.
    /// - Returns: `nil` for what is no key, or is not of 2,048 to 8,192 bits.
    public init?(rsaModulus modulus: [UInt8], exponent: [UInt8]) {
        let (modulus, exponent) = (DER.trimmed(modulus), DER.trimmed(exponent))
        guard Self.modulusLength.contains(modulus.count),
            modulus.count > Self.modulusLength.lowerBound || modulus[0] >= 0x80,
            modulus.last! & 1 == 1,
            (1...4).contains(exponent.count), exponent.last! & 1 == 1, exponent != [1]
        else { return nil }
        // rsaEncryption, with NULL for its parameters.
        let name: [UInt8] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]
        let key = DER.sequence(DER.integer(modulus) + DER.integer(exponent))
        self.init(.rs256, info: DER.sequence(DER.sequence(name) + DER.bitString(key)))
    }

    /// - Parameters:
    ///   - x: 32 bytes, as `y`.
    /// - Returns: `nil` for what is no point of the curve.
    public init?(p256X x: [UInt8], y: [UInt8]) {
        guard x.count == Self.coordinateLength, y.count == Self.coordinateLength else { return nil }
        // id-ecPublicKey.
        let name: [UInt8] = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01] + DER.p256
        self.init(.es256, info: DER.sequence(DER.sequence(name) + DER.bitString([0x04] + x + y)))
    }

    /// - Parameter key: 32 bytes.
    public init?(ed25519 key: [UInt8]) {
        guard key.count == Self.ed25519Length else { return nil }
        algorithm = .edDSA
        bytes = key
    }

    public init(_ key: P256PublicKey) {
        guard let made = Self(p256X: Array(key.bytes[1...32]), y: Array(key.bytes[33...])) else {
            preconditionFailure("a point of the curve is none")
        }
        self = made
    }

    init?(_ algorithm: Algorithm, info: [UInt8]) {
        self.algorithm = algorithm
        bytes = info
        guard let key = Self.key(info) else { return nil }
        EVP_PKEY_free(key)
    }

    /// - Parameter signature: of any length, as a JWS has it.
    public func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch algorithm {
        case .rs256: return verifyDigest(signature, of: message)
        case .es256:
            guard signature.count == 2 * Self.coordinateLength else { return false }
            let (r, s) = (signature[..<Self.coordinateLength], signature[Self.coordinateLength...])
            return verifyDigest(
                DER.sequence(DER.integer(DER.trimmed(Array(r))) + DER.integer(DER.trimmed(Array(s)))), of: message)
        case .edDSA: return SigningKey.verify(signature, of: message, by: bytes)
        }
    }

    private func verifyDigest(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let key = Self.key(bytes) else { return false }
        defer { EVP_PKEY_free(key) }
        return SHA256Signature.isGood(signature, of: message, by: key)
    }

    private static func key(_ info: [UInt8]) -> OpaquePointer? {
        defer { ERR_clear_error() }
        return info.withUnsafeBufferPointer { buffer in
            var place = buffer.baseAddress
            return d2i_PUBKEY(nil, &place, buffer.count)
        }
    }
}
