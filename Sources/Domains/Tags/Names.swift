import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A hashtag is followed, or is no more, but the feed does not show it yet; the log brings it.
    static let tagFollowDeferred = LogEvent("tag_follow.deferred")
}
