import Core
import Live

/// The realtime metrics, made once.
struct LiveMetrics {
    let webSockets = Metrics.shared.gauge(
        "martlet_live_connections", "transport=\"websocket\"", help: "Open live connections")
    let streams = Metrics.shared.gauge("martlet_live_connections", "transport=\"sse\"", help: "Open live connections")
    /// Of one connection: the longest.
    let longestQueue = Metrics.shared.queue("live_frames", limit: Hub.defaultQueueLimit)
    let pushed = Metrics.shared.counter("martlet_live_pushed_total", help: "Events handed to users' connections")
    let resumes = Metrics.shared.counter(
        "martlet_live_resumes_total", help: "Connections that had to read what they missed while open")
    let resets = Metrics.shared.counter("martlet_live_resets_total", help: "Connections told to read the feed anew")
}
