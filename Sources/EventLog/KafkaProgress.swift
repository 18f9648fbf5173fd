import CLibrdkafka
import Core

/// How far a group has read a topic, whoever its members are. Blocks: for a thread of its own.
struct KafkaProgress {
    private let handle: KafkaHandle
    /// With the prefix.
    private let topics: [String]
    private static let milliseconds: Int32 = 10_000

    /// - Parameter subscription: nothing of it is read; its group is only asked about.
    init(_ options: KafkaOptions, of subscription: SubscriptionOptions) throws(EventLogError) {
        handle = try KafkaHandle(
            RD_KAFKA_CONSUMER, options.consumerConfiguration(group: options.prefix + subscription.group))
        topics = subscription.topics.map { options.prefix + $0 }
    }

    /// Whether all records that were appended before a time are handled. What the log does not have any more is, and so is what a
    /// group has no position in: to be told that too early costs a repeat, never to be told it would cost what was lost.
    /// - Parameter time: milliseconds since 1970.
    func isAll(before time: Int64) throws(EventLogError) -> Bool {
        for topic in topics {
            let asked = PartitionList()
            let stored = PartitionList()
            for number in 0..<(try KafkaTopics.partitions(of: topic, handle, milliseconds: Self.milliseconds)) {
                let name = PartitionName(topic: topic, number: number)
                asked.add(name, offset: time)
                stored.add(name)
            }
            try check(rd_kafka_offsets_for_times(handle.raw, asked.raw, Self.milliseconds))
            try check(rd_kafka_committed(handle.raw, stored.raw, Self.milliseconds))
            for (young, next) in zip(asked.offsets, stored.offsets) {
                try check(young.error)
                try check(next.error)
                var (first, end): (Int64, Int64) = (0, 0)
                try check(
                    rd_kafka_query_watermark_offsets(
                        handle.raw, topic, Int32(young.number), &first, &end, Self.milliseconds))
                // Below 0: none is as young.
                let limit = young.offset < 0 ? end : young.offset
                // A group that has no position is of a topic that was made anew: Kafka forgets it with the old one. A position
                // behind the end is one of the old topic that was stored late: it is read from the start.
                if next.offset >= 0, limit > first, limit > next.offset || next.offset > end { return false }
            }
        }
        return true
    }

    private func check(_ code: rd_kafka_resp_err_t) throws(EventLogError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventLogError("look how far a group has read", code) }
    }
}
