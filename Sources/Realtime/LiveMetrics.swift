import Core

/// The realtime metrics, made once.
struct LiveMetrics {
    let webSockets = Metrics.shared.gauge(
        "martlet_live_connections", "transport=\"websocket\"", help: "Open live connections")
    let streams = Metrics.shared.gauge("martlet_live_connections", "transport=\"sse\"", help: "Open live connections")
    let pushed = Metrics.shared.counter("martlet_live_pushed_total", help: "Events handed to users' connections")
    let resumes = Metrics.shared.counter(
        "martlet_live_resumes_total", help: "Connections that had to read what they missed while open")
    let resets = Metrics.shared.counter("martlet_live_resets_total", help: "Connections told to read the feed anew")
}
