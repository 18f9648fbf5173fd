import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A follow or unfollow is done, but the feed does not show it yet; a sweep finishes it.
    static let feedNotRepaired = LogEvent("feed.not_repaired")
    /// An account is private no more, but who had asked does not follow yet; upkeep finishes it.
    static let requestsNotAccepted = LogEvent("follow_requests.not_accepted")
}
