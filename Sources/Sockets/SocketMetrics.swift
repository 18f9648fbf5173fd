import Core

/// The counters of all servers of the process.
struct SocketMetrics {
    static let shared = SocketMetrics()

    let connections = Metrics.shared.gauge(.httpConnections)
    let webSockets = Metrics.shared.gauge(.webSockets)
    let accepted = Metrics.shared.counter(.accepted)
    let refused = Metrics.shared.counter(.refused)
    let pushedOut = Metrics.shared.counter(.pushedOut)
    let badRequests = Metrics.shared.counter(.badRequests)
    /// Connections whose peers don't read what was written; nothing more is written to them until they do.
    let slow = Metrics.shared.queue("slow_connections", limit: nil)
    /// Bytes that wait for one event stream or WebSocket: the most. Its limit is an option of the server.
    let mostWaiting = Metrics.shared.queue("connection_bytes", limit: nil)
    let written = Metrics.shared.counter(.written)
}
