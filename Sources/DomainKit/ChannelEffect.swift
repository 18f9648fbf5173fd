public import Core
public import Live

/// What a kind of event means to who has subscribed to a channel. Domains declare it for events of topics that many of them
/// write to.
public struct ChannelEffect: Sendable {
    public enum Means: Sendable {
        /// Nothing: it is known, and of others' interest.
        case nothing
        /// The state of the channel is another one now: it is read and told, at most four times a second.
        case state
        /// The event is told as it is, in its place among the channel's others.
        /// - Parameter select: those of some events that may be told now.
        case event(select: @Sendable ([Envelope]) async throws -> [Envelope])
    }

    public let kind: EventKind
    public let means: Means
    /// `nil`: the event lacks what belongs to it.
    public let channel: @Sendable (Envelope) -> ChannelName?

    public init(_ kind: EventKind, _ means: Means, on channel: @escaping @Sendable (Envelope) -> ChannelName?) {
        (self.kind, self.means, self.channel) = (kind, means, channel)
    }

    public static func nothing(_ kind: EventKind) -> ChannelEffect { ChannelEffect(kind, .nothing) { _ in nil } }
}
