import COpenSSL

/// What the project needs of OpenSSL's libcrypto.
public enum Crypto {
    /// From the system's generator; traps when there is no randomness, for nothing secure can go on then.
    public static func randomBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(RAND_bytes(&bytes, Int32(count)) == 1, "no randomness")
        return bytes
    }

    /// 32 bytes.
    public static func sha256(_ data: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 32
        precondition(EVP_Digest(data, data.count, &digest, &length, EVP_sha256(), nil) == 1, "SHA-256")
        return digest
    }

    /// 20 bytes. For names that others define by it (Redis scripts, RFC 6455), never for secrets.
    public static func sha1(_ data: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        var length: UInt32 = 20
        precondition(EVP_Digest(data, data.count, &digest, &length, EVP_sha1(), nil) == 1, "SHA-1")
        return digest
    }

    /// 32 bytes.
    public static func hmacSHA256(key: [UInt8], _ data: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 32
        precondition(HMAC(EVP_sha256(), key, Int32(key.count), data, data.count, &code, &length) != nil, "HMAC")
        return code
    }

    /// HKDF with SHA-256 (RFC 5869), of one block.
    /// - Parameter length: 1 to 32 bytes.
    public static func hkdf(_ secret: [UInt8], salt: [UInt8], info: [UInt8], length: Int) -> [UInt8] {
        precondition((1...32).contains(length), "one block has 32 bytes")
        return Array(hmacSHA256(key: hmacSHA256(key: salt, secret), info + [1]).prefix(length))
    }

    /// Takes the same time wherever the first difference is.
    public static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }

    /// A key for one purpose, made from the server's secret (HMAC as a pseudo-random function).
    public static func derivedKey(_ purpose: String, from secret: [UInt8]) -> [UInt8] {
        hmacSHA256(key: secret, Array(purpose.utf8))
    }
}
