import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A request has its response. At debug, or at error where the status is 500.
    static let requestDone = LogEvent("request.done")
    /// A handler has thrown what it should not: a bug. The client got 500 with the same request id.
    static let requestFailed = LogEvent("request.failed")
}

extension MetricName {
    static let requestTime = MetricName("martlet_http_request_seconds", "Time from a whole request to its response")
    static let responses = MetricName("martlet_http_responses_total", "Responses by status class")
    static let shed = MetricName(
        "martlet_http_shed_total", "Requests refused with 503, before any work was done")
}
