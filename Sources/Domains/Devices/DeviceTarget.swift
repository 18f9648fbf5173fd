public import Core
public import Push

/// Where pushes for a device go, and with what they are made.
public enum DeviceTarget: Sendable, Concealed {
    case webPush(WebPushSubscription)
    case apns(APNsDevice)
    case fcm(FCMDevice)
    case webhook(WebhookEndpoint, WebhookSigner)
}

/// A device to which may be sent.
public struct Device: Sendable {
    public let user: ID
    public let id: ID
    public let target: DeviceTarget
    /// BCP 47.
    public let locale: String?
    /// Milliseconds since 1970: the last time. What was said of it before then was said of another by its name.
    public let registeredAt: Int64
}
