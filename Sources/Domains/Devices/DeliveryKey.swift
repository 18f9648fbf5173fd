public import Core

/// A notification for a device: what the books have a row of.
public struct DeliveryKey: Hashable, Sendable {
    public let user: ID
    public let device: ID
    public let notification: ID

    public init(user: ID, device: ID, notification: ID) {
        (self.user, self.device, self.notification) = (user, device, notification)
    }
}
