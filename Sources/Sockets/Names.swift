import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// Fewer connections are allowed than the setting says: raise the limit of open files (`ulimit -n`, `LimitNOFILE`).
    static let connectionsLimited = LogEvent("connections.limited")
    /// A handler's header has a name that is not a token: a bug.
    static let headerDropped = LogEvent("header.dropped")
    /// A line of libwebsockets' own log.
    static let lwsReported = LogEvent("lws.reported")
    /// A handler let a request go without a response: a bug. The client got 500.
    static let requestAbandoned = LogEvent("request.abandoned")
    /// The kernel's ring failed while it was used: from now on each write is a `send`.
    static let ringFailed = LogEvent("ring.failed")
    /// How what live clients are sent reaches the kernel: in one submission for a turn of the loop, or as a `send` each.
    static let writesChosen = LogEvent("writes.chosen")
    /// A handler responded again: a bug. The second response was dropped.
    static let requestAnsweredTwice = LogEvent("request.answered_twice")
}

extension MetricName {
    static let accepted = MetricName("martlet_connections_accepted_total", "Connections accepted")
    static let pushedOut = MetricName(
        "martlet_connections_pushed_out_total",
        "Connections closed to make room: their address or user had many times what others have")
    static let refused = MetricName(
        "martlet_connections_refused_total", "Connections refused because there were too many")
    static let badRequests = MetricName(
        "martlet_http_bad_requests_total", "Requests that could not be read or did not arrive in time")
    static let httpConnections = MetricName(
        "martlet_http_connections", "Open connections that speak HTTP, event streams included")
    static let loopConnections = MetricName(
        "martlet_loop_connections", "Open connections of each loop that serves sockets")
    static let memoryRefused = MetricName(
        "martlet_memory_refused_total", "Times that an address or user wanted more than its share of the buffers")
    static let written = MetricName(
        "martlet_written_bytes_total", "Bytes written to clients, or waiting in a backlog to be")
    static let webSockets = MetricName("martlet_ws_connections", "Open WebSockets")
}
