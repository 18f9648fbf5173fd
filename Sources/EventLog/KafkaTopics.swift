import CLibrdkafka
import Core
import Runtime

/// Makes topics on the brokers, or finds that others have made them. Blocks: for a thread of its own.
struct KafkaTopics {
    let handle: KafkaHandle
    let options: KafkaOptions
    /// What the client has said of its brokers: it goes on trying, whatever it is.
    let trouble: @Sendable () -> BrokerTrouble
    static let milliseconds: Int32 = 30_000

    func create(_ topics: [Topic]) throws(EventLogError) {
        var made: [OpaquePointer?] = []
        defer { for topic in made { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics { made.append(try newTopic(topic)) }
        let request = Self.request(RD_KAFKA_ADMIN_OP_CREATETOPICS, handle)
        defer { rd_kafka_AdminOptions_destroy(request) }
        let queue = KafkaQueue.new(of: handle)
        let start = monotonicNanoseconds()
        rd_kafka_CreateTopics(handle.raw, &made, made.count, request, queue.raw)
        for _ in 0..<Int(Self.milliseconds + 10_000) / 100 {
            if let result = queue.poll(milliseconds: 100, Self.result) {
                let forbidden: Set<String>
                do throws(EventLogError) {
                    forbidden = try result.get()
                } catch {
                    throw error.isTemporary ? trouble().last ?? error : error
                }
                for topic in topics where forbidden.contains(options.prefix + topic.name) { try find(topic) }
                return
            }
            // Waiting does not cure a wrong password.
            if let verdict = trouble().verdict(since: start, now: monotonicNanoseconds()) { throw verdict }
        }
        throw trouble().last ?? EventLogError("create topics", RD_KAFKA_RESP_ERR__TIMED_OUT)
    }

    /// Options of a request, to be destroyed: the broker answers when what is asked for is known to the controller's cluster, not only
    /// written down.
    static func request(_ kind: rd_kafka_admin_op_t, _ handle: KafkaHandle) -> OpaquePointer? {
        let request = rd_kafka_AdminOptions_new(handle.raw, kind)
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_operation_timeout(request, milliseconds, &reason, reason.count)
        rd_kafka_AdminOptions_set_request_timeout(request, milliseconds + 5000, &reason, reason.count)
        return request
    }

    private func newTopic(_ topic: Topic) throws(EventLogError) -> OpaquePointer {
        var reason = [CChar](repeating: 0, count: 512)
        guard
            let made = rd_kafka_NewTopic_new(
                options.prefix + topic.name, Int32(clamping: topic.partitions), Int32(options.replicationFactor),
                &reason,
                reason.count)
        else {
            throw EventLogError("create topic \(topic.name): \(text(of: reason))", isTemporary: false)
        }
        let retention = topic.retentionHours == 0 ? -1 : Int64(topic.retentionHours) * 3_600_000
        rd_kafka_NewTopic_set_config(made, "retention.ms", String(retention))
        if let copies = options.inSyncReplicas {
            rd_kafka_NewTopic_set_config(made, "min.insync.replicas", String(copies))
        }
        return made
    }

    /// The full names of those that this user may not make, or the failure of the request or of one of them.
    private static func result(_ event: KafkaEvent) -> Result<Set<String>, EventLogError> {
        guard event.code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .failure(EventLogError("create topics", event.code, event.text))
        }
        var forbidden: Set<String> = []
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.raw), &count)
        for index in 0..<count {
            let result = results?[index]
            let name = String(cString: rd_kafka_topic_result_name(result))
            switch rd_kafka_topic_result_error(result) {
            case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: continue
            // The broker says so of those that are there, too.
            case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
                forbidden.insert(name)
            case let code:
                let detail = rd_kafka_topic_result_error_string(result).map(String.init(cString:)) ?? ""
                return .failure(EventLogError("create topic \(name)", code, detail))
            }
        }
        return .success(forbidden)
    }

    /// Others make the topics here: it has to be there.
    private func find(_ topic: Topic) throws(EventLogError) {
        let name = options.prefix + topic.name
        switch try Self.look(for: name, handle, milliseconds: Self.milliseconds) {
        case (RD_KAFKA_RESP_ERR_NO_ERROR, 1...): return
        case (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, _), (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, _):
            throw EventLogError(
                """
                topic \(name) is not there, or not for this user, who may not make it either: make it, with \(topic.partitions) \
                partitions and \(Self.retention(of: topic)), and let the user read, write and describe it
                """, isTemporary: false)
        case (let code, _): throw EventLogError("find topic \(name)", code)
        }
    }

    /// Those that are not there.
    func missing(of topics: [Topic], milliseconds: Int32) throws(EventLogError) -> [Topic] {
        var missing: [Topic] = []
        for topic in topics {
            let found = try Self.look(for: options.prefix + topic.name, handle, milliseconds: milliseconds)
            if found.code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART { missing.append(topic) }
        }
        return missing
    }

    /// - Parameter name: with the prefix.
    /// - Returns: 0 where the topic is not there.
    static func count(of name: String, _ handle: KafkaHandle, milliseconds: Int32) throws(EventLogError) -> Int {
        let found = try look(for: name, handle, milliseconds: milliseconds)
        if found.code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART { return 0 }
        guard found.code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventLogError("find topic \(name)", found.code) }
        return found.partitions
    }

    /// - Parameter name: with the prefix, of a topic that has to be there.
    static func partitions(of name: String, _ handle: KafkaHandle, milliseconds: Int32) throws(EventLogError) -> Int {
        let count = try count(of: name, handle, milliseconds: milliseconds)
        guard count > 0 else { throw EventLogError("find topic \(name)", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) }
        return count
    }

    private static func look(
        for name: String, _ handle: KafkaHandle, milliseconds: Int32
    ) throws(EventLogError) -> (code: rd_kafka_resp_err_t, partitions: Int) {
        let raw = rd_kafka_topic_new(handle.raw, name, nil)
        defer { rd_kafka_topic_destroy(raw) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle.raw, 0, raw, &metadata, milliseconds)
        defer { rd_kafka_metadata_destroy(metadata) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventLogError("find topic \(name)", code) }
        guard let found = metadata.flatMap({ $0.pointee.topics?.pointee }) else {
            return (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 0)
        }
        return (found.err, Int(found.partition_cnt))
    }

    private static func retention(of topic: Topic) -> String {
        topic.retentionHours == 0 ? "records kept for ever" : "records kept for \(topic.retentionHours) hours"
    }
}
