import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// There is nothing left of an account but in logs, which forget by age.
    static let accountErased = LogEvent("account.erased")
}
