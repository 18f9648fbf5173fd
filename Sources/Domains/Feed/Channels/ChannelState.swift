public import Core
public import Live

/// The state of a channel: all of it.
public struct ChannelState: Sendable, Equatable {
    /// The larger one is the newer one.
    public let version: Int64
    public let position: Int64
    public let envelope: Envelope

    public init(version: Int64, position: Int64, _ envelope: Envelope) {
        self.version = version
        self.position = position
        self.envelope = envelope
    }

    /// `nil` where there is none, and for what is passed over.
    init?(stored bytes: [UInt8], of channel: ChannelName) {
        guard !bytes.isEmpty else { return nil }
        var reader = ByteReader(bytes)
        guard let version = reader.timelineNumber(), let position = reader.timelineNumber(),
            let envelope = StoredEnvelope.read(&reader, of: channel.description)
        else { return nil }
        self.init(version: version, position: position, envelope)
    }

    /// As clients get it.
    public var publication: Publication {
        Publication(event: envelope.payload, type: envelope.kind.name, position: position)
    }
}
