import CLibrdkafka

extension EventLogError {
    /// These stay as they are however often one asks: a wrong name, size, right or value.
    private static let lasting: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
        RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_INVALID_CONFIG,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_INVALID_REQUEST, RD_KAFKA_RESP_ERR__INVALID_ARG,
        RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL,
        RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
    ]

    /// - Parameter what: what was tried, such as `append to post.events`.
    init(_ what: String, _ code: rd_kafka_resp_err_t, _ detail: String = "") {
        let name = String(cString: rd_kafka_err2name(code))
        let text = detail.isEmpty ? String(cString: rd_kafka_err2str(code)) : detail
        self.init("\(what): \(text) (\(name))", isTemporary: !Self.lasting.contains(code))
    }
}

extension rd_kafka_resp_err_t {
    /// The topic is not there, so no record of it can have overtaken another.
    var isUnknownTopic: Bool {
        self == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || self == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION
            || self == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
    }
}
