public import Core
import RedisLink

/// An event on its way from the log to channels.
public struct ChannelPublication: Sendable, Equatable {
    /// In its source, where it is the same over every redelivery.
    public let offset: Int64
    public let envelope: Envelope
    /// What the channel's log keeps, where that is another: of a channel whose events are made anew for who comes back
    /// (`Channel.renewed`).
    public let kept: Envelope?

    public init(offset: Int64, _ envelope: Envelope, keeping kept: Envelope? = nil) {
        self.offset = offset
        self.envelope = envelope
        self.kept = kept
    }

    var arguments: [RedisArgument] {
        [
            .number(offset), .text(envelope.eventID), .bytes(StoredEnvelope.bytes(of: envelope)),
            .bytes(kept.map { StoredEnvelope.bytes(of: $0) } ?? []),
        ]
    }
}
