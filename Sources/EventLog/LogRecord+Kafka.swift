import CLibrdkafka

extension LogRecord {
    /// - Parameter topic: without the prefix.
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String) {
        let raw = message.pointee
        let key = Self.bytes(raw.key, raw.key_len)
        let list = Self.headers(of: message)
        var headers: [String: String] = [:]
        var isWhole = true
        for header in list {
            let text = String(decoding: header.value ?? [], as: UTF8.self)
            if headers.updateValue(text, forKey: header.name) != nil || !text.utf8.elementsEqual(header.value ?? [0xFF])
            {
                isWhole = false
            }
        }
        let text = String(decoding: key ?? [], as: UTF8.self)
        if !text.utf8.elementsEqual(key ?? [0xFF]) { isWhole = false }
        self.init(
            topic: topic, partition: Int(raw.partition), offset: raw.offset, key: text,
            value: Array(UnsafeRawBufferPointer(start: raw.payload, count: raw.len)), headers: headers,
            raw: isWhole ? nil : RawRecord(key: key, headers: list))
    }

    private static func headers(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> [RawRecord.Header] {
        var found: [RawRecord.Header] = []
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return [] }
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, found.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            found.append(RawRecord.Header(name: name.map { String(cString: $0) } ?? "", value: bytes(value, size)))
        }
        return found
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
        start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }
}
