public import Core
public import Crypto

/// A browser that wants to be told, as `PushSubscription` has it. Who knows it can send to it.
public struct WebPushSubscription: Sendable, Equatable, Concealed {
    static let authLength = 16

    public let endpoint: String
    /// The push service's origin, for which a token is made.
    public let audience: String
    public let key: P256PublicKey
    let auth: [UInt8]

    /// Edge's service on Windows, which has rules of its own.
    var isWindows: Bool { audience.hasSuffix(".notify.windows.com") }

    /// - Parameters:
    ///   - p256dh: the browser's public key, in Base64url.
    ///   - auth: 16 bytes, in the same.
    ///   - allowsLoopback: plain http, too, to this machine: for tests.
    /// - Throws: what is wrong with which of the three.
    public init(endpoint: String, p256dh: String, auth: String, allowsLoopback: Bool = false) throws(InvalidPush) {
        audience = try PushTarget.origin(of: endpoint, "endpoint", allowsLoopback: allowsLoopback).description
        self.endpoint = endpoint
        guard let key = Base64URL.decode(p256dh).flatMap({ P256PublicKey($0) }) else {
            throw InvalidPush(
                "p256dh", "must be a point of P-256, \(P256PublicKey.length) bytes in Base64url without padding")
        }
        guard let secret = Base64URL.decode(auth), secret.count == Self.authLength else {
            throw InvalidPush("auth", "must be \(Self.authLength) bytes in Base64url without padding")
        }
        (self.key, self.auth) = (key, secret)
    }
}
