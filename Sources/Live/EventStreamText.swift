public import Core

/// Server-sent events as text (the HTML standard, "Server-sent events"). An event's data is one line: JSON without
/// line breaks. Whatever a field is given, no byte of it ends the line: a reader would take the rest for another field.
public enum EventStreamText {
    /// Keeps proxies and clients from taking silence for a dead link.
    public static let heartbeat: [UInt8] = Array(":\n\n".utf8)

    /// The first event of a stream, or of each of its logs: the verdict, with the position and the reconnect delay in
    /// milliseconds.
    public static func verdict(_ name: StaticString, id: String, retry: Int, data: String) -> [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.append(ascii: "retry: ")
        writer.append(decimal: Int64(retry))
        writer.append(ascii: "\nid: ")
        writer.append(oneLine: id.utf8)
        writer.append(ascii: "\nevent: ")
        writer.append(ascii: name)
        writer.append(ascii: "\ndata: ")
        writer.append(oneLine: data.utf8)
        writer.append(ascii: "\n\n")
        return writer.bytes
    }

    /// The end of one of a stream's logs, which goes on with the others.
    public static func unsubscribed(from channel: String, _ reason: Unsubscribe, id: String) -> [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.append(ascii: "id: ")
        writer.append(oneLine: id.utf8)
        writer.append(ascii: "\nevent: unsubscribed\ndata: {")
        writer.append(oneLine: member(channel: channel))
        writer.append(ascii: "\"code\":")
        writer.append(decimal: Int64(reason.rawValue))
        writer.append(ascii: ",\"reason\":")
        writer.append(jsonString: reason.reason)
        writer.append(ascii: "}\n\n")
        return writer.bytes
    }

    /// Of a stream that ends at once.
    public static func refusal(retry: Int) -> [UInt8] {
        Array(": too much was asked for, come again later\nretry: \(retry)\n\n".utf8)
    }

    public static func drain(retry: Int) -> [UInt8] {
        Array("retry: \(retry)\nevent: drain\ndata: {\"retry_after_ms\":\(retry)}\n\n".utf8)
    }

    /// The part of an event that all recipients share; the `id:` line goes before it.
    public static func tail(_ publication: Publication) -> [UInt8] {
        var writer = ByteWriter(capacity: publication.event.count + 48)
        writer.append(ascii: "event: ")
        writer.append(oneLine: publication.type.utf8)
        writer.append(ascii: "\ndata: ")
        writer.append(oneLine: publication.event)
        writer.append(ascii: "\n\n")
        return writer.bytes
    }

    /// Such a part with another member in the event, which is a JSON object that has some.
    /// - Parameter member: with a comma behind it.
    static func append(_ tail: [UInt8], naming member: [UInt8], to writer: inout ByteWriter) {
        // The type of an event has no brace.
        let start = tail.firstIndex(of: UInt8(ascii: "{")).map { $0 + 1 } ?? tail.count
        writer.append(tail[..<start])
        writer.append(oneLine: member)
        writer.append(tail[start...])
    }

    /// `"channel":"NAME",`
    public static func member(channel name: String) -> [UInt8] {
        var writer = ByteWriter(capacity: name.utf8.count + 16)
        writer.append(ascii: "\"channel\":")
        writer.append(jsonString: name)
        writer.append(ascii: ",")
        return writer.bytes
    }

    /// The part of an event that is one connection's.
    /// - Parameter suffix: behind the id.
    public static func appendID(_ id: String, _ suffix: [UInt8] = [], to writer: inout ByteWriter) {
        writer.append(ascii: "id: ")
        writer.append(oneLine: id.utf8)
        writer.append(oneLine: suffix)
        writer.append(ascii: "\n")
    }
}

extension ByteWriter {
    /// With a space in place of each byte that ends a line, or that makes readers drop the field.
    fileprivate mutating func append(oneLine field: some Collection<UInt8>) {
        let start = bytes.count
        append(field)
        for index in start..<bytes.count {
            switch bytes[index] {
            case 0, 10, 13: bytes[index] = 32
            default: break
            }
        }
    }
}
