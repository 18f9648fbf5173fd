import Core
public import Crypto

/// A log-in that was begun and is at the provider. The client carries it, sealed, as OAuth's `state`: so any process can
/// finish it, nothing is stored for who never comes back, and what it is made of is known to nobody else.
///
/// It holds good for one provider and client, one redirect and ten minutes. That it is used once is for its taker to see to
/// (`mark`).
public struct PendingLogIn: Sendable, Equatable {
    /// Milliseconds.
    public static let life: Int64 = 600_000
    private static let version: UInt8 = 1
    private static let seedLength = 32
    private static let digestLength = 16
    /// Version, end, seed, the redirect's digest.
    private static let length = 1 + 8 + seedLength + digestLength
    /// In base64url, with what a sealed box adds.
    public static let textLength = ((length + 28) * 4 + 2) / 3

    public enum Failure: Error, Equatable, Sendable {
        /// None of ours, another provider's, or to a redirect that is not allowed any more.
        case unknown
        case expired
    }

    /// One of the provider's.
    public let redirect: String
    /// Milliseconds since 1970.
    public let expiresAt: Int64
    private let seed: [UInt8]

    /// - Parameter now: milliseconds since 1970.
    public init(redirect: String, now: Int64) {
        self.redirect = redirect
        expiresAt = now + Self.life
        seed = Crypto.randomBytes(Self.seedLength)
    }

    public init(
        _ text: String, of provider: Provider, _ box: SealedBox, now: Int64
    ) throws(Failure) {
        guard text.utf8.count == Self.textLength, let sealed = Base64URL.decode(text),
            let plain = box.open(sealed, for: Self.name(provider)), plain.count == Self.length,
            plain[0] == Self.version
        else { throw .unknown }
        let digest = plain.suffix(Self.digestLength)
        expiresAt = plain[1..<9].reduce(0) { $0 << 8 | Int64($1) }
        seed = Array(plain[9..<9 + Self.seedLength])
        guard now < expiresAt else { throw .expired }
        guard let redirect = provider.redirects.first(where: { Self.digest($0).elementsEqual(digest) }) else {
            throw .unknown
        }
        self.redirect = redirect
    }

    /// The `state` that goes to the provider and comes back.
    public func sealed(for provider: Provider, _ box: SealedBox) -> String {
        var plain = ByteWriter(capacity: Self.length)
        plain.append(Self.version)
        plain.append(bigEndian: UInt64(expiresAt), width: 8)
        plain.append(seed)
        plain.append(Self.digest(redirect))
        return Base64URL.encode(box.seal(plain.bytes, for: Self.name(provider)))
    }

    /// In the ID token, so that none of another log-in is taken.
    public var nonce: String { Base64URL.encode(Crypto.derivedKey("nonce", from: seed)) }

    /// Of PKCE (RFC 7636): 43 characters, told to the provider with the code.
    var verifier: String { Base64URL.encode(Crypto.derivedKey("code verifier", from: seed)) }

    /// Of PKCE, by S256: told to the provider at the start.
    var challenge: String { Base64URL.encode(Crypto.sha256(Array(verifier.utf8))) }

    /// 32 bytes: what is kept of it once it was used.
    public var mark: [UInt8] { Crypto.derivedKey("mark", from: seed) }

    private static func name(_ provider: Provider) -> [UInt8] {
        Array("\(provider.name)\n\(provider.issuer)\n\(provider.clientID)".utf8)
    }

    private static func digest(_ redirect: String) -> [UInt8] {
        Array(Crypto.sha256(Array(redirect.utf8)).prefix(digestLength))
    }
}
