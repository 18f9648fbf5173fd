import Core
import Live

/// Channels that a stream opens with.
struct OpenedChannels: Sendable {
    let hasFeed: Bool
    let names: [ChannelName]
    /// The user may see them no more. A stream that comes back is told so; it asked for them when it was opened.
    let refused: [ChannelName]
    let positions: StreamCursor
}

/// Who may open a stream of server-sent events, and how it begins.
struct StreamOpening: Sendable {
    let user: ID
    let session: ID
    let held: LiveCursor?
    /// `nil`: the feed alone.
    let channels: OpenedChannels?
    let idSuffix: String
    let expiresAt: Int64?
    let address: String
    let requestID: String
    /// Nothing is opened, only said what would be.
    let isHead: Bool

    /// Of the head of a stream.
    static func headers(_ requestID: String) -> [(String, String)] {
        [
            ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
            ("X-Content-Type-Options", "nosniff"), ("X-Request-Id", requestID),
        ]
    }
}
