import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A link to Redis was lost, or can't be made; it is tried again.
    static let redisDown = LogEvent("redis.down")
    /// A link to Redis is ready.
    static let redisUp = LogEvent("redis.up")
}

extension MetricName {
    static let connects = MetricName("martlet_redis_connects_total", "Connections to Redis that became ready")
    static let up = MetricName("martlet_redis_up", "Is the link to Redis ready (1) or not (0)")
}
