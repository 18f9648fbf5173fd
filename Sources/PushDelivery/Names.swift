import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// Something may be sent to again: a credential, a host or a device whose circuit was open.
    static let circuitClosed = LogEvent("circuit.closed")
    /// Nothing is sent by a credential, to a host or to a device for now; `cause` says why: `refused`, `throttled`, `failing`.
    static let circuitOpened = LogEvent("circuit.opened")
    /// A request to a push service or a webhook has no response; libcurl's words for it.
    static let responseMissing = LogEvent("response.missing")
}

extension MetricName {
    static let attempts = MetricName(
        "martlet_push_attempts_total", "Requests to push services and webhooks, by provider and outcome")
    static let attemptTime = MetricName(
        "martlet_push_attempt_seconds", "How long a request to a push service or a webhook took")
    static let openCircuits = MetricName(
        "martlet_push_circuits_open",
        "Credentials, hosts and devices that nothing is sent to for now, by provider and scope")
    static let limit = MetricName(
        "martlet_push_limit",
        "Requests that the credentials of a provider are allowed at a time: it follows what is responded")
    static let inWork = MetricName("martlet_push_in_work", "Requests that are under way, by provider")
}
