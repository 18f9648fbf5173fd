/// One that is to be sent.
public struct NewDelivery: Sendable {
    public let key: DeliveryKey
    /// Of the notification.
    public let type: String

    public init(_ key: DeliveryKey, type: String) { (self.key, self.type) = (key, type) }
}
