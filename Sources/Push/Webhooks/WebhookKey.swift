public import Core
import Crypto

/// A key by which we sign messages to webhooks so that who checks them can't make any (Standard Webhooks 1.0.0): Ed25519,
/// `v1a`.
public struct WebhookKey: Sendable, Concealed {
    private static let prefix = "whsk_"
    private static let publicPrefix = "whpk_"
    private static let length = 32

    private let seed: [UInt8]
    private let key: SigningKey

    /// A new one.
    public init() { self.init(seed: Crypto.randomBytes(Self.length)) }

    /// - Parameter text: `whsk_` and, in Base64, 32 bytes, or these and the 32 of the public key.
    /// - Throws: of the field `key`.
    public init(_ text: String) throws(InvalidPush) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= 128,
            let bytes = Base64.decode(text.dropFirst(Self.prefix.count)),
            bytes.count == Self.length || bytes.count == 2 * Self.length
        else { throw InvalidPush("key", "must be whsk_ and 32 or 64 bytes in Base64") }
        self.init(seed: Array(bytes.prefix(Self.length)))
        guard bytes.count == Self.length || Crypto.equal(Array(bytes.suffix(Self.length)), key.publicKey) else {
            throw InvalidPush("key", "must have a public half that belongs to it")
        }
    }

    /// - Parameter seed: 32 bytes.
    public init(seed: [UInt8]) {
        precondition(seed.count == Self.length, "a seed of 32 bytes")
        (self.seed, key) = (seed, SigningKey(seed: seed))
    }

    /// Both halves. Nobody else may know it.
    public var text: String { Self.prefix + Base64.encode(seed + key.publicKey) }

    /// For everybody who checks signatures.
    public var publicKey: String { Self.publicPrefix + Base64.encode(key.publicKey) }

    func signature(of content: [UInt8]) -> [UInt8] { key.sign(content) }

    /// - Parameter text: `whpk_` and 32 bytes in Base64.
    static func publicKey(_ text: String) -> [UInt8]? {
        guard text.hasPrefix(publicPrefix), text.utf8.count <= 64,
            let bytes = Base64.decode(text.dropFirst(publicPrefix.count)), bytes.count == length
        else { return nil }
        return bytes
    }
}
