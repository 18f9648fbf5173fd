import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// Changes of posts were told twelve times and are in no feed.
    static let changesAbandoned = LogEvent("changes.abandoned")
    /// Changes of posts that the event log has lost are told once more.
    static let changesLost = LogEvent("changes.lost")
    /// A chunk has reached its followers' timelines and live clients.
    static let chunkDelivered = LogEvent("chunk.delivered")
    /// The author's own feed gets the event by the fan-out, like everybody's.
    static let ownFeedDeferred = LogEvent("own_feed.deferred")
}

extension MetricName {
    static let channelEvents = MetricName("martlet_channel_events_total", "Events told on channels")
    static let channelMessages = MetricName(
        "martlet_channel_messages_total", "Messages to live nodes with events of channels")
    static let channelRepeats = MetricName(
        "martlet_channel_repeats_total", "Events for channels that came again and were not told again")
    static let channelStates = MetricName("martlet_channel_states_total", "States told on channels")
    static let lateStates = MetricName(
        "martlet_channel_states_late_total", "States that were held up when they were told, and were read again")
    static let chunkTime = MetricName(
        "martlet_fanout_chunk_seconds", "Time for a batch of chunks to reach its followers")
    static let delivered = MetricName("martlet_fanout_delivered_total", "Deliveries done")
    static let abandonedChanges = MetricName(
        "martlet_changes_abandoned_total", "Changes of posts that were told twelve times and are in no feed")
    static let lostChanges = MetricName(
        "martlet_changes_lost_total", "Changes of posts that the event log has lost, told once more")
    static let overdueChanges = MetricName(
        "martlet_changes_overdue", "Changes of posts that have not come into all feeds for two minutes")
    static let planned = MetricName("martlet_fanout_planned_total", "Deliveries planned")
    static let pushed = MetricName("martlet_fanout_pushed_total", "Deliveries to live nodes")
}
