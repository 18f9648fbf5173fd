import Core
public import Push
public import PushDelivery

/// By what the site is known to push services. What it has no credential for is held.
public struct NotifierOptions: Sendable {
    /// Web Push: `mailto:` or `https:`, by which operators of services reach the site's. Its key is the site's own.
    public var contact: String?
    public var apns: APNsKey?
    public var apnsHosts = APNsMessage.Hosts.apple
    public var fcm: ServiceAccount?
    public var fcmHost = FCMMessage.host
    /// Off: pushes to webhooks are held, too.
    public var allowsWebhooks = true
    /// Milliseconds between the first push to a device about one group of notifications and the next; then more. 0: none.
    public var pace: Int64 = 60_000
    public var sender = PushSenderOptions()

    public init() {}
}
