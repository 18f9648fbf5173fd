public import Core
import RedisLink

/// An event on its way from the log to channels.
public struct ChannelPublication: Sendable, Equatable {
    /// In its source, where it is the same over every redelivery.
    public let offset: Int64
    public let envelope: Envelope

    public init(offset: Int64, _ envelope: Envelope) {
        self.offset = offset
        self.envelope = envelope
    }

    var arguments: [RedisArgument] {
        [.number(offset), .text(envelope.eventID), .bytes(StoredEnvelope.bytes(of: envelope))]
    }
}
