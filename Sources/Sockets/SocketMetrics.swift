import Core

/// The counters of all servers of the process.
struct SocketMetrics {
    static let shared = SocketMetrics()

    let connections = Metrics.shared.gauge(
        "martlet_http_connections", help: "Open connections that speak HTTP, event streams included")
    let webSockets = Metrics.shared.gauge("martlet_ws_connections", help: "Open WebSockets")
    let accepted = Metrics.shared.counter("martlet_connections_accepted_total", help: "Connections accepted")
    let refused = Metrics.shared.counter(
        "martlet_connections_refused_total", help: "Connections refused because there were too many")
    let pushedOut = Metrics.shared.counter(
        "martlet_connections_pushed_out_total",
        help: "Connections closed to make room: their address or user had many times what others have")
    let badRequests = Metrics.shared.counter(
        "martlet_http_bad_requests_total", help: "Requests that could not be read or did not arrive in time")
    /// Connections whose peers don't read what was written; nothing more is written to them until they do.
    let slow = Metrics.shared.queue("slow_connections", limit: nil)
    let written = Metrics.shared.counter(
        "martlet_written_bytes_total", help: "Bytes written to clients, or waiting in a backlog to be")
}
