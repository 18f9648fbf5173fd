/// An envelope as bytes, for messages to nodes: kind (length 1, name), version (2), event id, request id and traceparent
/// (length 1 and text each, an empty traceparent is none), number of fields (1), of each name and value (length 1 and text
/// each) in the order of names, length of the payload (4), payload. Big-endian.
extension Envelope {
    public func append(to writer: inout ByteWriter) {
        writer.append(short: kind.name)
        writer.append(bigEndian: UInt64(kind.version), width: 2)
        for text in [eventID, requestID, traceparent ?? ""] { writer.append(short: text) }
        writer.append(UInt8(fields.count))
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            writer.append(short: name)
            writer.append(short: value)
        }
        writer.append(bigEndian: UInt64(payload.count), width: 4)
        writer.append(payload)
    }

    /// `nil` for anything that is not written like that.
    public init?(_ reader: inout ByteReader) {
        guard let name = reader.short(), let version = reader.unsigned(width: 2),
            let kind = EventKind(name, version: Int(version)),
            let eventID = reader.short(), RequestID.accepts(eventID),
            let requestID = reader.short(), requestID.isEmpty || RequestID.accepts(requestID),
            let traceparent = reader.short(), let fields = Self.fields(&reader),
            let length = reader.unsigned(width: 4), let payload = reader.take(Int(length))
        else { return nil }
        self.init(
            kind, eventID: eventID, requestID: requestID, traceparent: traceparent.isEmpty ? nil : traceparent,
            payload: Array(payload), fields: fields)
    }

    private static func fields(_ reader: inout ByteReader) -> [String: String]? {
        guard let count = reader.unsigned(width: 1) else { return nil }
        var fields: [String: String] = [:]
        var last = ""
        for _ in 0..<count {
            guard let name = reader.short(), let value = reader.short(), isField(name, value), name > last else {
                return nil
            }
            fields[name] = value
            last = name
        }
        return fields
    }
}

extension ByteWriter {
    /// At most 255 bytes, behind their number.
    fileprivate mutating func append(short text: String) {
        append(UInt8(text.utf8.count))
        append(text)
    }
}

extension ByteReader {
    fileprivate mutating func short() -> String? {
        guard let length = unsigned(width: 1), let bytes = take(Int(length)) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
