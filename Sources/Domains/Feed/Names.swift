import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// Changes of posts were told twelve times and are in no feed.
    static let changesAbandoned = LogEvent("changes.abandoned")
    /// Changes of posts that the event log has lost are told once more.
    static let changesLost = LogEvent("changes.lost")
    /// Another process made a follow and has not brought its posts into the feed: that is done now, and live clients are reset.
    static let followFinished = LogEvent("follow.finished")
    /// A chunk has reached its followers' timelines and live clients.
    static let chunkDelivered = LogEvent("chunk.delivered")
    /// A feed was not what posts and follows make of it, and was repaired: `failed`, or only strays that nobody saw.
    static let feedRepaired = LogEvent("feed.repaired")
    /// The author's own feed gets the event by the fan-out, like everybody's.
    static let ownFeedDeferred = LogEvent("own_feed.deferred")
    /// Redis had gone back in time: all that it had of feeds and channels was dropped, and timelines are built anew.
    static let redisRewound = LogEvent("redis.rewound")
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
    static let feedAudits = MetricName("martlet_feed_audits_total", "Feeds that the slow audit has looked at")
    static let feedRepairs = MetricName("martlet_feed_repairs_total", "Feeds that the slow audit has repaired")
    static let feedFailures = MetricName(
        "martlet_feed_failures_total",
        "Feeds found by the slow audit to lack posts, or to have those of nobody who is followed")
    static let feedStrays = MetricName(
        "martlet_feed_strays_total", "Posts that nobody saw and that the slow audit has taken out of feeds")
    static let feedSuspects = MetricName(
        "martlet_feed_suspects", "Feeds that looked wrong to the slow audit, which looks at them again")
    static let abandonedChanges = MetricName(
        "martlet_changes_abandoned_total", "Changes of posts that were told twelve times and are in no feed")
    static let lostChanges = MetricName(
        "martlet_changes_lost_total", "Changes of posts that the event log has lost, told once more")
    static let overdueChanges = MetricName(
        "martlet_changes_overdue", "Changes of posts that have not come into all feeds for two minutes")
    static let planned = MetricName("martlet_fanout_planned_total", "Deliveries planned")
    static let pushed = MetricName("martlet_fanout_pushed_total", "Deliveries to live nodes")
    static let rewound = MetricName(
        "martlet_redis_rewound_total", "Times that Redis had gone back in time, and all in it was dropped")
    static let rewoundAt = MetricName(
        "martlet_redis_rewound_timestamp", "When this process last dropped all in Redis: seconds since 1970; 0, never")
}
