public import Core
import Crypto

/// What a webhook and we have in common (Standard Webhooks 1.0.0): it signs messages by HMAC-SHA256, `v1`.
public struct WebhookSecret: Sendable, Equatable, Concealed {
    private static let prefix = "whsec_"
    private static let length = 24...64
    private static let ownLength = 32

    private let key: [UInt8]

    /// A new one, of 32 random bytes.
    public init() { key = Crypto.randomBytes(Self.ownLength) }

    /// - Parameter text: `whsec_` and 24 to 64 bytes in Base64.
    /// - Throws: of the field `secret`.
    public init(_ text: String) throws(InvalidPush) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= 128,
            let key = Base64.decode(text.dropFirst(Self.prefix.count)), Self.length.contains(key.count)
        else { throw InvalidPush("secret", "must be whsec_ and 24 to 64 bytes in Base64") }
        self.key = key
    }

    /// As it is shown to its owner, once.
    public var text: String { Self.prefix + Base64.encode(key) }

    func signature(of content: [UInt8]) -> [UInt8] { Crypto.hmacSHA256(key: key, content) }

    public static func == (a: Self, b: Self) -> Bool { Crypto.equal(a.key, b.key) }
}
