import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// Another process made a follow and has not brought its posts into the feed: that is done now, and live clients are reset.
    static let followFinished = LogEvent("follow.finished")
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
    static let planned = MetricName("martlet_fanout_planned_total", "Deliveries planned")
    static let pushed = MetricName("martlet_fanout_pushed_total", "Deliveries to live nodes")
}
