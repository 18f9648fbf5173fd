public import Core
import Crypto
public import Push

/// The keys by which webhooks are signed beside their own secrets: one of each of the site's secrets.
public struct WebhookKeys: Sendable, Concealed {
    /// That everybody is shown.
    public let current: WebhookKey
    private let keys: SecretKeys
    /// Kept ready, by their seeds.
    private let made: [[UInt8]: WebhookKey]

    init(_ keys: SecretKeys) {
        self.keys = keys
        current = WebhookKey(seed: keys.current)
        made = Dictionary(keys.all.map { ($0, WebhookKey(seed: $0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Sign now, the current one first: who checks knows the one before, or the one to come, until the end of its secret.
    public var accepted: [WebhookKey] { keys.accepted.compactMap { made[$0] } }
}
