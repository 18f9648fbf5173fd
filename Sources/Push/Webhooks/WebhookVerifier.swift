public import Core
import Crypto

/// Checks messages as a webhook does (Standard Webhooks 1.0.0).
public struct WebhookVerifier: Sendable, Concealed {
    /// Seconds by which a message may be old, or the sender's clock ahead.
    public static let tolerance: Int64 = 300
    private static let longestHeader = 4096
    private static let longestID = 256

    public enum Failure: String, Error, Sendable {
        /// One of the three headers is missing, or is none.
        case headers
        case tooOld = "too_old"
        case tooNew = "too_new"
        case signature
    }

    private let secrets: [WebhookSecret]
    private let publicKeys: [[UInt8]]

    /// - Parameters:
    ///   - secrets: any of them will do: while one is changed there are two.
    ///   - publicKeys: `whpk_…`, the same.
    /// - Throws: of the field `key`.
    public init(secrets: [WebhookSecret], publicKeys: [String] = []) throws(InvalidPush) {
        var keys: [[UInt8]] = []
        for text in publicKeys {
            guard let key = WebhookKey.publicKey(text) else {
                throw InvalidPush("key", "must be whpk_ and 32 bytes in Base64")
            }
            keys.append(key)
        }
        (self.secrets, self.publicKeys) = (secrets, keys)
    }

    /// - Parameter now: seconds since 1970.
    public func check(headers: [PushHeader], body: [UInt8], now: Int64) throws(Failure) {
        guard let id = headers.first(named: "webhook-id"), (1...Self.longestID).contains(id.utf8.count),
            let timestamp = headers.first(named: "webhook-timestamp"), let time = Self.seconds(timestamp),
            let given = headers.first(named: "webhook-signature"), given.utf8.count <= Self.longestHeader
        else { throw .headers }
        guard time >= now - Self.tolerance else { throw .tooOld }
        guard time <= now + Self.tolerance else { throw .tooNew }
        let content = WebhookSignature.content(id: id, timestamp: timestamp, body: body)
        let codes = secrets.map { $0.signature(of: content) }
        let isSigned = WebhookSignature.read(given).contains { version, signature in
            switch version {
            case .v1: codes.contains { Crypto.equal($0, signature) }
            case .v1a: publicKeys.contains { SigningKey.verify(signature, of: content, by: $0) }
            }
        }
        guard isSigned else { throw .signature }
    }

    private static func seconds(_ text: String) -> Int64? {
        guard (1...12).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }
}
