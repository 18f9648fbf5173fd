/// The end of one.
public struct DeliveryEnd: Sendable {
    public let key: DeliveryKey
    let state: DeliveryState
    let reason: DeliveryReason?
    let status: Int?
    let attempts: Int

    /// - Parameters:
    ///   - state: not `waiting`.
    ///   - status: of the last attempt, where there was a response.
    ///   - attempts: all there were.
    public init(
        _ key: DeliveryKey, _ state: DeliveryState, reason: DeliveryReason? = nil, status: Int? = nil, attempts: Int
    ) {
        precondition(state != .waiting, "what waits has not ended")
        (self.key, self.state, self.reason) = (key, state, reason)
        (self.status, self.attempts) = (status, attempts)
    }
}
