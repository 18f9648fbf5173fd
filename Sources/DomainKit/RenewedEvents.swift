public import Core

/// What is told in place of events that a channel's log has (`Channel.renewed`).
public struct RenewedEvents: Sendable {
    /// Each has the id of one of those.
    public let events: [Envelope]
    /// Of the numbers that are told from now on none with a smaller one is news (`EventField.version`).
    public let version: Int64

    public init(_ events: [Envelope], version: Int64) {
        (self.events, self.version) = (events, version)
    }
}
