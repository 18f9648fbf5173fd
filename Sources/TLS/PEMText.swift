import CTLS

/// Keys as files have them.
public enum PEMText {
    /// A new private key on P-256 (PKCS #8), as Apple's .p8 is.
    public static func newP256Key() -> String { key(martlet_tls_new_p256()) }

    /// A new private RSA key of 2,048 bits (PKCS #8), as Google's accounts have.
    public static func newRSAKey() -> String { key(martlet_tls_new_rsa()) }

    private static func key(_ key: OpaquePointer?) -> String {
        defer { EVP_PKEY_free(key) }
        return of { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    static func of(_ write: (OpaquePointer) -> Int32) -> String {
        let bio = BIO_new(BIO_s_mem())!
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { fatalError("OpenSSL can't write PEM") }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = martlet_tls_bio_bytes(bio, &bytes)
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
