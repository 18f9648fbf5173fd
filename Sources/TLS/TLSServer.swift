import CTLS

/// What the connections of one server have in common: its certificate, TLS 1.2 or later, HTTP/2 or HTTP/1.1 by ALPN.
public final class TLSServer {
    let context: OpaquePointer

    /// - Returns: `nil` for what is no certificate, or a key of another one.
    public init?(certificate: String, key: String) {
        guard let context = SSL_CTX_new(TLS_server_method()) else { return nil }
        self.context = context
        let (certificateBIO, keyBIO) = (Self.bio(certificate), Self.bio(key))
        let (x509, privateKey) = (
            PEM_read_bio_X509(certificateBIO, nil, nil, nil), PEM_read_bio_PrivateKey(keyBIO, nil, nil, nil)
        )
        defer {
            BIO_free(certificateBIO)
            BIO_free(keyBIO)
            X509_free(x509)
            EVP_PKEY_free(privateKey)
        }
        guard martlet_tls_at_least_1_2(context) == 1, SSL_CTX_use_certificate(context, x509) == 1,
            SSL_CTX_use_PrivateKey(context, privateKey) == 1
        else { return nil }
        martlet_tls_set_alpn(context)
    }

    deinit { SSL_CTX_free(context) }

    private static func bio(_ text: String) -> OpaquePointer? {
        let bio = BIO_new(BIO_s_mem())
        let bytes = Array(text.utf8)
        BIO_write(bio, bytes, Int32(bytes.count))
        return bio
    }
}

@available(*, unavailable)
extension TLSServer: Sendable {}
