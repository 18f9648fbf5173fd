import Core

/// Replies and pushes of the Centrifugo client protocol in its protobuf form: each has its length before it. The numbers
/// are those of `definitions/client.proto` in github.com/centrifugal/protocol.
enum ProtobufReply {
    /// An empty reply: its length.
    static let ping: [UInt8] = [0]

    static func encode(_ reply: ServerReply, to id: Int64) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.append(field: 1, varint: UInt64(id))
        switch reply {
        case .failed(let error): writer.append(field: 2) { append(error, to: &$0) }
        case .connected(let connected): writer.append(field: 5) { append(connected, to: &$0) }
        case .subscribed(let subscribed): writer.append(field: 6) { append(subscribed, to: &$0) }
        case .unsubscribed: writer.append(field: 7) { _ in }
        case .ponged: writer.append(field: 12) { _ in }
        case .refreshed(let client, let ttl):
            writer.append(field: 14) { appendClient(client, ttl: ttl, to: &$0) }
        }
        var whole = ByteWriter(capacity: writer.count + 5)
        whole.append(varint: UInt64(writer.count))
        whole.append(writer.bytes)
        return whole.bytes
    }

    private static func append(_ error: CommandError, to writer: inout ByteWriter) {
        writer.append(field: 1, varint: UInt64(error.rawValue))
        writer.append(field: 2, error.message)
        writer.append(field: 3, error.isTemporary)
    }

    private static func append(_ connected: ServerReply.Connected, to writer: inout ByteWriter) {
        appendClient(connected.client, ttl: connected.ttl, to: &writer)
        // A map is a list of entries with a key and a value.
        for (channel, subscribed) in connected.all {
            writer.append(field: 6) { entry in
                entry.append(field: 1, channel)
                entry.append(field: 2) { append(subscribed, to: &$0) }
            }
        }
        writer.append(field: 7, varint: UInt64(connected.pingSeconds))
        writer.append(field: 8, true)
    }

    /// The same in the results of `connect` and `refresh`.
    private static func appendClient(_ client: String, ttl: Int64, to writer: inout ByteWriter) {
        writer.append(field: 1, client)
        writer.append(field: 2, "\(ServerReply.version)")
        writer.append(field: 3, true)
        writer.append(field: 4, varint: UInt64(max(1, ttl)))
    }

    private static func append(_ subscribed: ServerReply.Subscribed, to writer: inout ByteWriter) {
        writer.append(field: 3, true)
        writer.append(field: 6, subscribed.cursor.epochName)
        for publication in subscribed.publications {
            writer.append(field: 7) { append(publication, to: &$0) }
        }
        writer.append(field: 8, subscribed.recovered == true)
        writer.append(field: 9, varint: UInt64(clamping: subscribed.cursor.position))
        writer.append(field: 10, true)
        writer.append(field: 12, subscribed.recovered != nil)
    }

    private static func append(_ publication: Publication, to writer: inout ByteWriter) {
        writer.append(field: 4, publication.event)
        writer.append(field: 6, varint: UInt64(clamping: publication.position))
    }

    static func unsubscribed(from channel: String, _ reason: Unsubscribe) -> [UInt8] {
        var push = ByteWriter(capacity: 64)
        appendPushPrefix(channel: channel, to: &push)
        push.append(field: 7) { unsubscribe in
            unsubscribe.append(field: 2, varint: UInt64(reason.rawValue))
            unsubscribe.append(field: 3, reason.reason)
        }
        var whole = ByteWriter(capacity: push.count + 8)
        appendPushOpening(push.count, to: &whole)
        whole.append(push.bytes)
        return whole.bytes
    }

    // MARK: Pushes: the lengths of the messages around them, then the channel, then the publication

    static func appendPushPrefix(channel: String, to writer: inout ByteWriter) {
        writer.append(field: 2, channel)
    }

    static func appendPushPrefix(feedOf user: ID, to writer: inout ByteWriter) {
        writer.append(ascii: "\u{12}")
        let start = writer.count
        writer.append(0)
        writer.append(ascii: "feed:")
        writer.append(decimal: user.raw)
        writer.bytes[start] = UInt8(writer.count - start - 1)
    }

    static func pushTail(_ publication: Publication) -> [UInt8] {
        var writer = ByteWriter(capacity: publication.event.count + 24)
        writer.append(field: 4) { append(publication, to: &$0) }
        return writer.bytes
    }

    /// - Parameter push: bytes of channel and publication.
    static func pushLength(_ push: Int) -> Int {
        let reply = 1 + ByteWriter.length(varint: push) + push
        return ByteWriter.length(varint: reply) + reply
    }

    static func appendPushOpening(_ push: Int, to writer: inout ByteWriter) {
        writer.append(varint: UInt64(1 + ByteWriter.length(varint: push) + push))
        writer.append(4 << 3 | 2)
        writer.append(varint: UInt64(push))
    }
}
