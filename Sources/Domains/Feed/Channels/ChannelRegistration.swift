import Live

/// What a node is told that registers a channel.
public struct ChannelRegistration: Sendable, Equatable {
    /// Where a subscriber begins who does not recover: what happens from now on is told.
    public let partition: PartitionState
    /// Of the channel's last event; where its log has none, of what it can tell from. A subscriber who was told up to an
    /// earlier position has missed something.
    public let newest: Int64
    /// The node was registered before. False where it should have been: something took it out, and its subscribers must
    /// recover.
    public var wasRegistered: Bool { partition.wasRegistered }
}
