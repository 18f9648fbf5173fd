import Core
import Live

/// The realtime metrics, made once.
struct LiveMetrics {
    let webSockets = Metrics.shared.gauge(.connections, "transport=\"websocket\"")
    let streams = Metrics.shared.gauge(.connections, "transport=\"sse\"")
    let channels = Metrics.shared.gauge(.subscriptions)
    /// Of one connection: the longest.
    let longestQueue = GaugePart(of: Metrics.shared.queue("live_frames", limit: Hub.queueLimit), .largest)
    let pushed = Metrics.shared.counter(.pushed)
    let reads = Metrics.shared.counter(.reads)
    let resumes = Metrics.shared.counter(.resumes)
    let silenced = Metrics.shared.counter(.silenced)
    let audited = Metrics.shared.counter(.audited)
    let resets = Metrics.shared.counter(.resets)
    let revoked = Metrics.shared.counter(.revoked)
}
