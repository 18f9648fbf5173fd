import CLibrdkafka
import Core
import Runtime

/// Makes topics on the brokers. Blocks: for a thread of its own.
struct KafkaTopics {
    let handle: KafkaHandle
    let prefix: String
    let replicationFactor: Int
    /// What the client has said of its brokers: it goes on trying, whatever it is.
    let trouble: @Sendable () -> BrokerTrouble
    private static let milliseconds: Int32 = 30_000

    func create(_ topics: [Topic]) throws(EventLogError) {
        var made: [OpaquePointer?] = []
        defer { for topic in made { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics { made.append(try newTopic(topic)) }
        let options = rd_kafka_AdminOptions_new(handle.raw, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var reason = [CChar](repeating: 0, count: 256)
        // The broker answers when the topic is known to the controller's cluster, not only written down.
        rd_kafka_AdminOptions_set_operation_timeout(options, Self.milliseconds, &reason, reason.count)
        rd_kafka_AdminOptions_set_request_timeout(options, Self.milliseconds + 5000, &reason, reason.count)
        let queue = KafkaQueue.new(of: handle)
        let start = monotonicNanoseconds()
        rd_kafka_CreateTopics(handle.raw, &made, made.count, options, queue.raw)
        for _ in 0..<Int(Self.milliseconds + 10_000) / 100 {
            if let failure = queue.poll(milliseconds: 100, failure) {
                guard let failure else { return }
                throw failure.isTemporary ? trouble().last ?? failure : failure
            }
            // Waiting does not cure a wrong password.
            if let verdict = trouble().verdict(since: start, now: monotonicNanoseconds()) { throw verdict }
        }
        throw trouble().last ?? EventLogError("create topics", RD_KAFKA_RESP_ERR__TIMED_OUT)
    }

    private func newTopic(_ topic: Topic) throws(EventLogError) -> OpaquePointer {
        var reason = [CChar](repeating: 0, count: 512)
        guard
            let made = rd_kafka_NewTopic_new(
                prefix + topic.name, Int32(clamping: topic.partitions), Int32(replicationFactor), &reason, reason.count)
        else {
            throw EventLogError("create topic \(topic.name): \(text(of: reason))", isTemporary: false)
        }
        let retention = topic.retentionHours == 0 ? -1 : Int64(topic.retentionHours) * 3_600_000
        rd_kafka_NewTopic_set_config(made, "retention.ms", String(retention))
        return made
    }

    /// The first topic that is still missing, or the failure of the whole request.
    private func failure(_ event: KafkaEvent) -> EventLogError? {
        guard event.code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return EventLogError("create topics", event.code, event.text)
        }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.raw), &count)
        for index in 0..<count {
            let result = results?[index]
            let code = rd_kafka_topic_result_error(result)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { continue }
            let name = String(cString: rd_kafka_topic_result_name(result)).dropFirst(prefix.count)
            let detail = rd_kafka_topic_result_error_string(result).map(String.init(cString:)) ?? ""
            return EventLogError("create topic \(name)", code, detail)
        }
        return nil
    }
}
