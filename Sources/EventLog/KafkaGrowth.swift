import CLibrdkafka
import Core

/// Gives topics more partitions. Blocks: for a thread of its own.
struct KafkaGrowth {
    let handle: KafkaHandle
    let prefix: String

    func grow(_ topics: [Topic]) throws(EventLogError) {
        var wanted: [OpaquePointer?] = []
        defer { for one in wanted { rd_kafka_NewPartitions_destroy(one) } }
        for topic in topics {
            let name = prefix + topic.name
            let count = try KafkaTopics.count(of: name, handle, milliseconds: KafkaTopics.milliseconds)
            guard 1..<topic.partitions ~= count else { continue }
            var reason = [CChar](repeating: 0, count: 512)
            guard let one = rd_kafka_NewPartitions_new(name, topic.partitions, &reason, reason.count) else {
                throw EventLogError("more partitions for topic \(name): \(text(of: reason))", isTemporary: false)
            }
            wanted.append(one)
        }
        guard !wanted.isEmpty else { return }
        let request = KafkaTopics.request(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, handle)
        defer { rd_kafka_AdminOptions_destroy(request) }
        let queue = KafkaQueue.new(of: handle)
        rd_kafka_CreatePartitions(handle.raw, &wanted, wanted.count, request, queue.raw)
        guard let result = queue.poll(milliseconds: Int(KafkaTopics.milliseconds) + 10_000, Self.failure) else {
            throw EventLogError("more partitions", RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        if let result { throw result }
    }

    /// Of the request, or of the first topic that has one.
    private static func failure(_ event: KafkaEvent) -> EventLogError? {
        guard event.code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return EventLogError("more partitions", event.code, event.text)
        }
        var count = 0
        let results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.raw), &count)
        for index in 0..<count {
            let result = results?[index]
            let code = rd_kafka_topic_result_error(result)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            let detail = rd_kafka_topic_result_error_string(result).map(String.init(cString:)) ?? ""
            return EventLogError(
                "more partitions for topic \(String(cString: rd_kafka_topic_result_name(result)))", code, detail)
        }
        return nil
    }
}
