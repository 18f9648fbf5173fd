import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// An event was handed to its recipients' connections at this node.
    static let eventPushed = LogEvent("event.pushed")
    /// A message to the node is not what the scripts write: it was dropped, and its partition resumes.
    static let messageRejected = LogEvent("message.rejected")
    /// Live clients were not told what their timelines or channels have, and nothing had said so: they read it now. A bug, or somebody has
    /// deleted keys in Redis.
    static let clientsSilenced = LogEvent("clients.silenced")
    /// Whether the node hears its partitions: `yes` once all are subscribed, `no` when the link is lost.
    static let nodeListening = LogEvent("node.listening")
    /// Something for the users or channels of a partition was missed: their clients read it.
    static let partitionResumed = LogEvent("partition.resumed")
}

extension MetricName {
    static let connections = MetricName("martlet_live_connections", "Open live connections")
    static let gaps = MetricName("martlet_live_gaps_total", "Partitions that had to be resumed")
    static let messages = MetricName("martlet_live_messages_total", "Messages from Redis")
    static let pushed = MetricName("martlet_live_pushed_total", "Events handed to users' connections")
    static let joinsRefused = MetricName(
        "martlet_live_refused_total", "Joins and resumes refused, for their user or address had too many")
    static let rejected = MetricName("martlet_live_rejected_total", "Messages from Redis that were not understood")
    static let silenced = MetricName(
        "martlet_live_silenced_total",
        "Users and channels with live clients that an audit found not to have been told everything")
    static let audited = MetricName("martlet_live_audits_total", "Audits of users and channels with live clients")
    static let subscriptions = MetricName(
        "martlet_live_subscriptions", "Subscriptions to channels that are not the subscriber's own")
    static let revoked = MetricName(
        "martlet_live_revoked_total", "Subscriptions that ended, for their user may not see the channel any more")
    static let resets = MetricName("martlet_live_resets_total", "Connections told to read the feed anew")
    static let reads = MetricName(
        "martlet_live_reads_total", "Reads of what connections missed: one for all of a user that missed the same")
    static let resumes = MetricName(
        "martlet_live_resumes_total", "Connections that had to read what they missed while open")
}
