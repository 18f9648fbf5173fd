import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// The secret that signed until now is not accepted any more.
    static let secretChanged = LogEvent("secret.changed")
    /// Another process has other secrets, and one of the two refuses what the other signs.
    static let secretsDiffer = LogEvent("secrets.differ")
    /// It could not be looked at which secrets other processes have; it is tried again.
    static let secretsNotCompared = LogEvent("secrets.not_compared")
}

extension MetricName {
    static let secretDifferences = MetricName(
        "martlet_secret_differences", "Processes whose tokens are refused here, or which refuse those of this one")
}
