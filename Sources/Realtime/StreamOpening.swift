import Core
import Live

/// Who may open a stream of server-sent events, and how it begins.
struct StreamOpening: Sendable {
    let user: ID
    let session: ID
    let held: LiveCursor?
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
