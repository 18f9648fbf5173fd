import CLibrdkafka
import Core
import Runtime

/// A client of librdkafka: its threads, connections and queues.
///
/// `@unchecked Sendable`: `raw` is written once, and librdkafka allows its calls on a client from any thread. Only
/// `deinit` destroys it, so nobody who holds the handle can meet a client that is gone.
final class KafkaHandle: @unchecked Sendable {
    let raw: OpaquePointer

    init(_ kind: rd_kafka_type_t, _ configuration: consuming KafkaConfiguration) throws(EventLogError) {
        raw = try configuration.makeClient(kind)
    }

    deinit {
        // Destroying waits for librdkafka's threads, in 2.0.2 sometimes for ever. The consumer has left its group
        // before, or must not leave it.
        let address = UInt(bitPattern: raw)
        startThread(name: "kafka-destroy") {
            rd_kafka_destroy_flags(OpaquePointer(bitPattern: address), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        }
    }
}

/// A queue of a client. It keeps the client alive: librdkafka wants its queues given back first.
final class KafkaQueue {
    let raw: OpaquePointer
    let handle: KafkaHandle

    init(_ raw: OpaquePointer, of handle: KafkaHandle) {
        self.raw = raw
        self.handle = handle
    }

    static func main(of handle: KafkaHandle) -> KafkaQueue {
        KafkaQueue(rd_kafka_queue_get_main(handle.raw), of: handle)
    }

    static func new(of handle: KafkaHandle) -> KafkaQueue {
        KafkaQueue(rd_kafka_queue_new(handle.raw), of: handle)
    }

    deinit { rd_kafka_queue_destroy(raw) }

    /// Signals when something comes into the empty queue.
    func wake(_ wakeup: ThreadWakeup) {
        var one: UInt64 = 1
        rd_kafka_queue_io_event_enable(raw, wakeup.descriptor, &one, 8)
    }

    func stopWaking() {
        rd_kafka_queue_io_event_enable(raw, -1, nil, 0)
    }

    /// The next event, after at most so many milliseconds; the body sees it, then it is freed.
    func poll<T>(milliseconds: Int, _ body: (KafkaEvent) throws -> T) rethrows -> T? {
        guard let event = rd_kafka_queue_poll(raw, Int32(milliseconds)) else { return nil }
        defer { rd_kafka_event_destroy(event) }
        return try body(KafkaEvent(raw: event))
    }
}

/// What came out of a queue; valid in the body of `KafkaQueue.poll` only.
struct KafkaEvent {
    let raw: OpaquePointer

    var kind: Int32 { rd_kafka_event_type(raw) }
    var code: rd_kafka_resp_err_t { rd_kafka_event_error(raw) }
    var text: String { rd_kafka_event_error_string(raw).map(String.init(cString:)) ?? "" }
    var isFatal: Bool { rd_kafka_event_error_is_fatal(raw) != 0 }
    /// Belongs to the event.
    var partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>? {
        rd_kafka_event_topic_partition_list(raw)
    }

    /// An error event as a log line. What connections say comes through librdkafka's own log too: once is enough.
    func log(_ event: LogEvent, group: String = "") {
        let fields: KeyValuePairs<String, Log.Field> = ["group": .text(group), "text": .text(text)]
        switch code {
        case _ where isFatal: Log.error(event, fields)
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__SSL,
            RD_KAFKA_RESP_ERR__AUTHENTICATION:
            Log.debug(event, fields)
        default: Log.warning(event, fields)
        }
    }
}
