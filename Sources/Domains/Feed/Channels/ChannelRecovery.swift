public import Live

/// What a subscriber of a channel is to be told who comes with a position, or without.
public struct ChannelRecovery: Sendable, Equatable {
    /// The events that were missed, in order. `nil`: what happened since can't be told any more. Read the API, and go on
    /// from the cursor.
    public let missed: [ChannelEvent]?
    /// The newest state, where there is one: it comes first.
    public let state: ChannelState?
    public let cursor: LiveCursor
}
