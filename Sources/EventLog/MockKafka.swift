import CLibrdkafka

/// A broker inside this process (librdkafka's mock cluster), for tests where no other is to be had. It keeps the last
/// 5 MB of a partition and forgets all at the end; joining a group takes some seconds.
package final class MockKafka: Sendable {
    private let handle: KafkaHandle
    package let bootstrapServers: String

    package init() throws(EventLogError) {
        let configuration = KafkaConfiguration()
        try configuration.set("test.mock.num.brokers", "1")
        try configuration.set("client.id", "mock")
        handle = try KafkaHandle(RD_KAFKA_PRODUCER, configuration)
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(handle.raw)))
    }

    /// It does not know the request by which clients make topics.
    func createTopics(_ topics: [Topic], prefix: String) throws(EventLogError) {
        for topic in topics {
            let code = rd_kafka_mock_topic_create(
                rd_kafka_handle_mock_cluster(handle.raw), prefix + topic.name, Int32(clamping: topic.partitions), 1)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS else {
                throw EventLogError("create topic \(topic.name)", code)
            }
        }
    }

    /// The next requests of this kind are answered with this error.
    package func fail(nextProduceRequests count: Int, code: Int32) {
        let codes = [rd_kafka_resp_err_t](repeating: rd_kafka_resp_err_t(rawValue: code), count: count)
        rd_kafka_mock_push_request_errors_array(rd_kafka_handle_mock_cluster(handle.raw), 0, count, codes)
    }
}
