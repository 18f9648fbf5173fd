import CLibrdkafka
import Core

/// The properties of one client on their way to librdkafka.
struct KafkaConfiguration: ~Copyable {
    private let raw: OpaquePointer

    init() {
        raw = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(raw) { _, level, facility, text in
            KafkaConfiguration.log(
                level, facility.map(String.init(cString:)) ?? "", text.map(String.init(cString:)) ?? "")
        }
    }

    deinit { rd_kafka_conf_destroy(raw) }

    func set(_ name: String, _ value: String) throws(EventLogError) {
        var reason = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(raw, name, value, &reason, reason.count) == RD_KAFKA_CONF_OK else {
            throw EventLogError("Kafka property \(name): \(text(of: reason))", isTemporary: false)
        }
    }

    /// Which things come as events of a queue instead of callbacks.
    func setEvents(_ events: Int32) {
        rd_kafka_conf_set_events(raw, events)
    }

    /// Makes the client; its threads start.
    consuming func makeClient(_ kind: rd_kafka_type_t) throws(EventLogError) -> OpaquePointer {
        var reason = [CChar](repeating: 0, count: 512)
        // On success librdkafka owns what it is given: it gets a copy, so that `deinit` is right in both cases.
        let copy = rd_kafka_conf_dup(raw)
        guard let client = rd_kafka_new(kind, copy, &reason, reason.count) else {
            rd_kafka_conf_destroy(copy)
            throw EventLogError("Kafka client: \(text(of: reason))", isTemporary: false)
        }
        return client
    }

    private static func log(_ level: Int32, _ facility: String, _ text: String) {
        let fields: KeyValuePairs<String, Log.Field> = ["facility": .text(facility), "text": .text(text)]
        // A producer's property on a consumer is told as CONFWARN, and the other way round: they share the options.
        if facility == "CONFWARN" { return Log.debug("kafka client", fields) }
        switch level {
        case ...2: Log.error("kafka client", fields)
        case 3, 4: Log.warning("kafka client", fields)
        case 5, 6: Log.info("kafka client", fields)
        default: Log.debug("kafka client", fields)
        }
    }
}

/// The text up to its first zero.
func text(of characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
