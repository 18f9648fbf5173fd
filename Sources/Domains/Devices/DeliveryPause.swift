/// One that goes on waiting.
public struct DeliveryPause: Sendable {
    public let key: DeliveryKey
    let reason: DeliveryReason
    let due: Int64?
    let status: Int?
    let attempts: Int

    /// - Parameters:
    ///   - due: not before then, milliseconds since 1970; `nil`: until somebody says so.
    ///   - attempts: all there were. More than before with the reason `retry`: one has failed.
    public init(
        _ key: DeliveryKey, for reason: DeliveryReason, until due: Int64?, status: Int? = nil, attempts: Int
    ) {
        (self.key, self.reason, self.due) = (key, reason, due)
        (self.status, self.attempts) = (status, attempts)
    }
}
