import CLibrdkafka

/// librdkafka's list of partitions with offsets.
struct PartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init() {
        raw = rd_kafka_topic_partition_list_new(8)
    }

    deinit { rd_kafka_topic_partition_list_destroy(raw) }

    var isEmpty: Bool { raw.pointee.cnt == 0 }

    /// - Parameter partition: -1 means the whole topic.
    func add(_ partition: PartitionName, offset: Int64? = nil) {
        let entry = rd_kafka_topic_partition_list_add(raw, partition.topic, Int32(partition.number))
        if let offset { entry?.pointee.offset = offset }
    }

    private typealias Entries = UnsafeBufferPointer<rd_kafka_topic_partition_t>

    private static func entries(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Entries {
        Entries(start: list.pointee.elems, count: Int(list.pointee.cnt))
    }

    static func names(in list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> [PartitionName] {
        entries(list).map { PartitionName(topic: String(cString: $0.topic), number: Int($0.partition)) }
    }

    /// What a request has filled in, in the order in which they were added.
    var offsets: [(number: Int, offset: Int64, error: rd_kafka_resp_err_t)] {
        Self.entries(raw).map { (Int($0.partition), $0.offset, $0.err) }
    }

    /// The error of an answer: its own, or that of a partition.
    static func failure(of event: KafkaEvent) -> rd_kafka_resp_err_t {
        guard event.code == RD_KAFKA_RESP_ERR_NO_ERROR, let partitions = event.partitions else { return event.code }
        return entries(partitions).map(\.err).first { $0 != RD_KAFKA_RESP_ERR_NO_ERROR } ?? event.code
    }
}
