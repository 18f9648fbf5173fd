import Core
import EventLog

/// Key and headers in one row of bytes: lengths in four bytes, all of them set where there is nothing.
extension RawRecord {
    private static let none: UInt64 = 0xFFFF_FFFF

    /// As it is in the log.
    init(_ record: LogRecord) {
        self =
            record.raw
            ?? RawRecord(
                key: Array(record.key.utf8),
                headers: record.headers.sorted { $0.key < $1.key }.map {
                    Header(name: $0.key, value: Array($0.value.utf8))
                })
    }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        Self.append(key, to: &writer)
        for header in headers {
            Self.append(Array(header.name.utf8), to: &writer)
            Self.append(header.value, to: &writer)
        }
        return writer.bytes
    }

    private static func append(_ bytes: [UInt8]?, to writer: inout ByteWriter) {
        writer.append(bigEndian: bytes.map { UInt64($0.count) } ?? none, width: 4)
        writer.append(bytes ?? [])
    }

    /// `nil` for what `bytes` does not make.
    init?(bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let key = Self.take(&reader) else { return nil }
        var headers: [Header] = []
        while reader.peek() != nil {
            guard let name = Self.take(&reader), let name, let value = Self.take(&reader) else { return nil }
            headers.append(Header(name: String(decoding: name, as: UTF8.self), value: value))
        }
        self.init(key: key, headers: headers)
    }

    private static func take(_ reader: inout ByteReader) -> [UInt8]?? {
        guard let length = reader.unsigned(width: 4) else { return nil }
        if length == none { return .some(nil) }
        return reader.take(Int(length)).map { .some(Array($0)) }
    }

    /// As a handler gets it: with `raw` only where key and headers of text can't say it.
    func record(topic: String, partition: Int, offset: Int64, value: [UInt8], attempts: Int) -> LogRecord {
        let text = String(decoding: key ?? [], as: UTF8.self)
        let headers = Dictionary(
            self.headers.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) }, uniquingKeysWith: { $1 })
        let plain = LogRecord(
            topic: topic, partition: partition, offset: offset, key: text, value: value, headers: headers,
            attempts: attempts)
        let isText = RawRecord(plain).sorted == sorted
        return isText
            ? plain
            : LogRecord(
                topic: topic, partition: partition, offset: offset, key: text, value: value, headers: headers,
                raw: self, attempts: attempts)
    }

    private var sorted: RawRecord { RawRecord(key: key, headers: headers.sorted { $0.name < $1.name }) }
}
