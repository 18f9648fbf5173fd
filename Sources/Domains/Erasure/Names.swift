import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// There is nothing left of an account but in logs, which forget by age.
    static let accountErased = LogEvent("account.erased")
    /// What should have forgotten an erased account by its age has not. It is looked at again after a day.
    static let erasedStillThere = LogEvent("erased.still_there")
}

extension MetricName {
    static let deletionsSealedBefore = MetricName(
        "martlet_deletions_sealed_before",
        "Deletions whose users another secret of the site has sealed than the one that signs; -1: not counted yet")
    static let overdue = MetricName(
        "martlet_deletions_overdue", "Accounts that should have been erased more than an hour ago")
}
