import CLibrdkafka

extension KafkaOptions {
    private func common(_ configuration: borrowing KafkaConfiguration) throws(EventLogError) {
        try configuration.set("bootstrap.servers", bootstrapServers)
        try configuration.set("client.id", clientID)
        // Otherwise small requests wait for the acknowledgement of the one before.
        try configuration.set("socket.nagle.disable", "true")
        try configuration.set("socket.keepalive.enable", "true")
        try configuration.set("reconnect.backoff.max.ms", "2000")
        // A request without an answer holds up the group that it belongs to: 60 s by librdkafka's default.
        try configuration.set("socket.timeout.ms", "10000")
        try configuration.set("log.connection.close", "false")
        // A topic that was deleted is made anew by `TopicWatch`, never by a broker with its own number of partitions.
        try configuration.set("allow.auto.create.topics", "false")
    }

    private func further(_ configuration: borrowing KafkaConfiguration) throws(EventLogError) {
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) { try configuration.set(name, value) }
    }

    /// What librdkafka has against the further properties, or `nil`. Connects to nothing.
    public var problemWithProperties: String? {
        do throws(EventLogError) {
            try check()
            let configuration = KafkaConfiguration()
            try configuration.set("log_level", "0")
            try further(configuration)
            _ = try KafkaHandle(RD_KAFKA_PRODUCER, configuration)
            return nil
        } catch {
            return error.description
        }
    }

    func producerConfiguration() throws(EventLogError) -> KafkaConfiguration {
        let configuration = KafkaConfiguration()
        try common(configuration)
        try configuration.set("acks", "all")
        try configuration.set("enable.idempotence", "true")
        // No record may overtake one that failed. So nothing times out one by one, a failed request stops the
        // producer, and `KafkaProducer` gives up on all that is outstanding at once.
        try configuration.set("enable.gapless.guarantee", "true")
        try configuration.set("message.timeout.ms", "0")
        try configuration.set("linger.ms", String(linger))
        try configuration.set("queue.buffering.max.messages", String(queueRecords))
        try configuration.set("queue.buffering.max.kbytes", String(queueKilobytes))
        // The Java clients' choice of partition, so that tools in other languages agree.
        try configuration.set("partitioner", "murmur2_random")
        try further(configuration)
        configuration.setEvents(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
        return configuration
    }

    /// - Parameter group: with the prefix.
    func consumerConfiguration(group: String) throws(EventLogError) -> KafkaConfiguration {
        let configuration = KafkaConfiguration()
        try common(configuration)
        try configuration.set("group.id", group)
        try configuration.set("auto.offset.reset", "earliest")
        // Positions are committed by ConsumerLoop, past finished records only.
        try configuration.set("enable.auto.commit", "false")
        try configuration.set("enable.auto.offset.store", "false")
        // Eager: in 2.0.2 cooperative-sticky can crash or hang on close and loop while assigning (fixed in 2.3.0,
        // 2.4.0 and 2.6.1). Round robin spreads topics with few partitions over all members, range does not.
        try configuration.set("partition.assignment.strategy", "roundrobin")
        try configuration.set("session.timeout.ms", String(sessionTimeout))
        try configuration.set("heartbeat.interval.ms", String(min(1000, sessionTimeout / 4)))
        // Also the time the group waits for a member that drains, or that was killed before its broker was: a broker that
        // starts again takes it for alive.
        try configuration.set(
            "max.poll.interval.ms", String(max(20_000, drainTimeout + 10_000, sessionTimeout)))
        try configuration.set("queued.min.messages", String(prefetchRecords))
        try configuration.set("queued.max.messages.kbytes", String(prefetchKilobytes))
        // There is one fetch at a time for each broker: a partition that was full waits for the end of the others'.
        try configuration.set("fetch.wait.max.ms", "100")
        try configuration.set("fetch.error.backoff.ms", "100")
        // Finds a topic that was made after the subscription.
        try configuration.set("topic.metadata.refresh.interval.ms", "5000")
        try further(configuration)
        configuration.setEvents(RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR)
        return configuration
    }
}
