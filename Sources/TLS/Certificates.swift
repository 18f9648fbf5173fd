import CTLS

/// An authority of our own and a server's certificate by it, for servers that only those believe who were given the
/// authority: tests, and the sink. All as PEM.
public struct Certificates: Sendable {
    public let authority: String
    /// The server's, followed by nothing: clients have the authority.
    public let server: String
    public let serverKey: String

    private static let day = 86_400

    /// - Parameters:
    ///   - names: of hosts.
    ///   - addresses: numeric.
    /// - Returns: `nil` for names that no certificate can have.
    public init?(names: [String], addresses: [String]) {
        let authorityKey = martlet_tls_new_p256()
        let key = martlet_tls_new_p256()
        defer {
            EVP_PKEY_free(authorityKey)
            EVP_PKEY_free(key)
        }
        let alternatives = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        guard !alternatives.isEmpty,
            let authority = martlet_tls_certificate(authorityKey, nil, nil, "Martlet sink", nil, 365 * Self.day)
        else { return nil }
        defer { X509_free(authority) }
        guard
            let server = martlet_tls_certificate(
                key, authority, authorityKey, names.first ?? addresses[0], alternatives.joined(separator: ","),
                365 * Self.day)
        else { return nil }
        defer { X509_free(server) }
        self.authority = PEMText.of { PEM_write_bio_X509($0, authority) }
        self.server = PEMText.of { PEM_write_bio_X509($0, server) }
        serverKey = PEMText.of { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }
}
