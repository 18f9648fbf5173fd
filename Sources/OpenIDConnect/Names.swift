import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A log-in provider can't be used, or a log-in by it was refused; `reason` is the class of failure.
    static let providerFailed = LogEvent("provider.failed")
}

extension MetricName {
    static let providerLogIns = MetricName(
        "martlet_provider_log_ins_total", "Log-ins that were brought to a provider, by what became of them")
}
