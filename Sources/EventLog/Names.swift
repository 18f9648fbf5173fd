package import Core

// What this module's log events and metrics are called: docs/telemetry.md lists them all.

extension LogEvent {
    /// A batch's handler has thrown; the batch comes again.
    package static let batchFailed = LogEvent("batch.failed")
    /// A batch took longer than the time for it after its partition was given away: it comes again elsewhere.
    static let batchOutlivedPartition = LogEvent("batch.outlived_partition")
    /// librdkafka told a consumer of an error.
    static let consumerFailed = LogEvent("consumer.failed")
    /// librdkafka could not begin to leave the group.
    static let consumerNotClosed = LogEvent("consumer.not_closed")
    /// A consumer does not end in time; it is left to its thread.
    static let consumerStuck = LogEvent("consumer.stuck")
    /// The group waits for this member until its session ends.
    static let groupNotLeft = LogEvent("group.not_left")
    /// A handler has not ended although its subscription has; its thread is left to it.
    static let handlerStuck = LogEvent("handler.stuck")
    /// A line of librdkafka's own log.
    static let kafkaReported = LogEvent("kafka.reported")
    /// Live clients could not be told that something is lost: Redis can't be reached. It is tried again.
    static let lossNotTold = LogEvent("loss.not_told")
    /// Kafka did not store a group's offsets; they are stored again.
    static let offsetsNotCommitted = LogEvent("offsets.not_committed")
    /// A partition has begun anew, with its topic: what it has now is read from its start.
    static let partitionBegunAnew = LogEvent("partition.begun_anew")
    /// A fetch from a partition failed; librdkafka tries again.
    static let partitionFailed = LogEvent("partition.failed")
    /// The group has given this member its partitions.
    static let partitionsAssigned = LogEvent("partitions.assigned")
    /// The group has given this member's partitions away without asking: what is in hand comes again.
    static let partitionsLost = LogEvent("partitions.lost")
    /// librdkafka refused an assignment.
    static let partitionsNotAssigned = LogEvent("partitions.not_assigned")
    /// No member of a group has these partitions: they are shared out anew.
    static let partitionsUnread = LogEvent("partitions.unread")
    /// librdkafka told a producer of an error.
    static let producerFailed = LogEvent("producer.failed")
    /// A record could not be stored, so nothing behind it may be: another producer takes over.
    static let producerGivenUp = LogEvent("producer.given_up")
    /// A producer that was given up still has records outstanding; it is left to its thread.
    static let producerStuck = LogEvent("producer.stuck")
    /// Topics that were there are not there any more; they are made anew.
    static let topicsMissing = LogEvent("topics.missing")
    /// They could not be made; it is tried again.
    static let topicsNotRestored = LogEvent("topics.not_restored")
    /// Topics that somebody had deleted are there again, and empty.
    static let topicsRestored = LogEvent("topics.restored")
    /// What is due in a partition by time could not be done; it comes again.
    static let turnFailed = LogEvent("turn.failed")
}

extension MetricName {
    static let appendFailures = MetricName(
        "martlet_log_append_failures_total", "Appends to the event log that ended with an error")
    static let commitFailures = MetricName(
        "martlet_log_commit_failures_total", "Positions of a group that could not be stored; they are stored again")
    static let handlerFailures = MetricName(
        "martlet_log_handler_failures_total", "Batches whose handler has thrown; each comes again")
    static let lag = MetricName(
        "martlet_log_lag_records", "Records not yet handled, in the partitions that this process reads")
    static let missingTopics = MetricName("martlet_log_topics_missing", "Topics of the event log that are not there")
    static let producers = MetricName(
        "martlet_log_producers_total", "Producers made: one at the start, one after each that had to be given up")
    static let recordsConsumed = MetricName("martlet_log_records_consumed_total", "Records whose handler has returned")
    static let recordsProduced = MetricName("martlet_log_records_produced_total", "Records stored by the event log")
}
