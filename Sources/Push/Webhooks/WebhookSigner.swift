public import Core

/// The secret of a webhook, and for a day after it was changed the one before: both sign, so that the webhook's owner can
/// change it over there at any time within.
public struct WebhookSigner: Sendable, Concealed {
    /// Milliseconds that the secret before goes on signing.
    public static let overlap: Int64 = 86_400_000

    public private(set) var secret: WebhookSecret
    private var before: (secret: WebhookSecret, until: Int64)?
    /// These sign, too.
    private var keys: [WebhookKey]

    /// - Parameters:
    ///   - before: the secret before this one, and until when it signs: milliseconds since 1970.
    public init(_ secret: WebhookSecret, before: (secret: WebhookSecret, until: Int64)? = nil, keys: [WebhookKey] = [])
    {
        (self.secret, self.before, self.keys) = (secret, before, keys)
    }

    /// Signs with keys as well.
    public func and(_ keys: [WebhookKey]) -> WebhookSigner {
        var signer = self
        signer.keys = keys
        return signer
    }

    /// Another secret signs from now on. Of three within a day the first signs no more.
    public mutating func rotate(to secret: WebhookSecret = WebhookSecret(), now: Int64) {
        before = (self.secret, now + Self.overlap)
        self.secret = secret
    }

    /// - Parameters:
    ///   - id: of the message, the same at each attempt.
    ///   - now: of this attempt, milliseconds since 1970.
    func headers(id: String, body: [UInt8], now: Int64) -> [PushHeader] {
        let content = WebhookSignature.content(id: id, timestamp: String(now / 1000), body: body)
        var signatures = [WebhookSignature.text(.v1, secret.signature(of: content))]
        if let before, now < before.until {
            signatures.append(WebhookSignature.text(.v1, before.secret.signature(of: content)))
        }
        for key in keys { signatures.append(WebhookSignature.text(.v1a, key.signature(of: content))) }
        return [
            PushHeader("webhook-id", id), PushHeader("webhook-timestamp", String(now / 1000)),
            PushHeader("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
