import Core

/// What a provider says of itself (OpenID Connect Discovery 1.0): where it is asked.
package struct Metadata: Sendable, Equatable {
    static let path = "/.well-known/openid-configuration"

    package let authorizationEndpoint: String
    package let tokenEndpoint: String
    package let keysAddress: String
    /// Whether the secret goes into the body of the request for tokens, and not into its head.
    let takesSecretInBody: Bool

    /// Where the document of an issuer is.
    static func address(of issuer: String) -> String {
        (issuer.utf8.last == UInt8(ascii: "/") ? String(issuer.dropLast()) : issuer) + path
    }

    /// - Parameter allowsLoopback: addresses of this machine may be without TLS.
    package init(_ bytes: [UInt8], of issuer: String, allowsLoopback: Bool) throws(ProviderFailure) {
        guard let object = try? JSONValue.parse(bytes).object else { throw .unavailable(.malformed) }
        guard let named = object["issuer"]?.string, named.isExactly(issuer) else { throw .unavailable(.issuer) }
        func address(_ key: String) throws(ProviderFailure) -> String {
            guard let text = object[key]?.string else { throw .unavailable(.malformed) }
            guard ProviderAddress.isGood(text, allowsLoopback: allowsLoopback) else { throw .unavailable(.address) }
            return text
        }
        authorizationEndpoint = try address("authorization_endpoint")
        tokenEndpoint = try address("token_endpoint")
        keysAddress = try address("jwks_uri")
        // Where it says nothing, it takes the head.
        let methods = object["token_endpoint_auth_methods_supported"]?.array?.compactMap(\.string)
        takesSecretInBody =
            methods.map { !$0.contains("client_secret_basic") && $0.contains("client_secret_post") } ?? false
    }
}
