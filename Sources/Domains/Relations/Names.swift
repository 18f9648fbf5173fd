import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A follow or unfollow is done, but the feed does not show it yet; a sweep finishes it.
    static let feedNotRepaired = LogEvent("feed.not_repaired")
}
