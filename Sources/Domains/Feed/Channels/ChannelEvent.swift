public import Core
public import Live

/// An event of a channel's log.
public struct ChannelEvent: Sendable, Equatable {
    public let position: Int64
    public let envelope: Envelope

    public init(position: Int64, _ envelope: Envelope) {
        self.position = position
        self.envelope = envelope
    }

    /// `nil` for what is passed over.
    init?(stored bytes: [UInt8], of channel: ChannelName) {
        var reader = ByteReader(bytes)
        guard let position = reader.timelineNumber(),
            let envelope = StoredEnvelope.read(&reader, of: channel.description)
        else { return nil }
        self.init(position: position, envelope)
    }

    /// As clients get it.
    public var publication: Publication {
        Publication(event: envelope.payload, type: envelope.kind.name, position: position)
    }
}
