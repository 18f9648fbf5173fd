import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A post was accepted.
    static let postCreated = LogEvent("post.created")
}
