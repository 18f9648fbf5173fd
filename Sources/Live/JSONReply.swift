import Core

/// Replies and pushes of the Centrifugo client protocol as JSON.
enum JSONReply {
    static let ping: [UInt8] = Array("{}".utf8)

    static func encode(_ reply: ServerReply, to id: Int64) -> [UInt8] {
        switch reply {
        case .connected(let connected): encode(connected, to: id)
        case .subscribed(let subscribed):
            object(id, "subscribe", capacity: 256) { append(subscribed, to: &$0) }
        case .unsubscribed: object(id, "unsubscribe", capacity: 32) { $0.append(ascii: "{}") }
        case .ponged: object(id, "ping", capacity: 32) { $0.append(ascii: "{}") }
        case .refreshed(let client, let ttl):
            object(id, "refresh", capacity: 128) {
                appendClient(client, ttl: ttl, to: &$0)
                $0.append(ascii: "}")
            }
        case .failed(let error): object(id, "error", capacity: 96) { append(error, to: &$0) }
        }
    }

    private static func encode(_ connected: ServerReply.Connected, to id: Int64) -> [UInt8] {
        object(id, "connect", capacity: 512) { writer in
            appendClient(connected.client, ttl: connected.ttl, to: &writer)
            writer.append(ascii: ",\"subs\":{")
            for (index, (channel, subscribed)) in connected.all.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                writer.append(jsonString: channel)
                writer.append(ascii: ":")
                append(subscribed, to: &writer)
            }
            writer.append(ascii: "},\"ping\":")
            writer.append(decimal: Int64(connected.pingSeconds))
            writer.append(ascii: ",\"pong\":true}")
        }
    }

    private static func object(
        _ id: Int64, _ name: StaticString, capacity: Int, _ body: (inout ByteWriter) -> Void
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: capacity)
        writer.append(ascii: "{\"id\":")
        writer.append(decimal: id)
        writer.append(ascii: ",\"")
        writer.append(ascii: name)
        writer.append(ascii: "\":")
        body(&writer)
        writer.append(ascii: "}")
        return writer.bytes
    }

    /// Without the brace at its end.
    private static func appendClient(_ client: String, ttl: Int64, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"client\":")
        writer.append(jsonString: client)
        writer.append(ascii: ",\"version\":\"")
        writer.append(ascii: ServerReply.version)
        writer.append(ascii: "\",\"expires\":true,\"ttl\":")
        writer.append(decimal: max(1, ttl))
    }

    private static func append(_ error: CommandError, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"code\":")
        writer.append(decimal: Int64(error.rawValue))
        writer.append(ascii: ",\"message\":")
        writer.append(jsonString: error.message)
        if error.isTemporary { writer.append(ascii: ",\"temporary\":true") }
        writer.append(ascii: "}")
    }

    private static func append(_ subscribed: ServerReply.Subscribed, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"recoverable\":true,\"epoch\":\"")
        writer.append(subscribed.cursor.epochName)
        writer.append(ascii: "\",\"positioned\":true,\"offset\":")
        writer.append(decimal: subscribed.cursor.position)
        if let recovered = subscribed.recovered {
            writer.append(ascii: ",\"was_recovering\":true,\"recovered\":")
            writer.append(recovered ? "true" : "false")
        }
        if !subscribed.publications.isEmpty {
            writer.append(ascii: ",\"publications\":[")
            for (index, publication) in subscribed.publications.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                append(publication, to: &writer)
            }
            writer.append(ascii: "]")
        }
        writer.append(ascii: "}")
    }

    /// `{"data":…,"offset"?:…}`
    private static func append(_ publication: Publication, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"data\":")
        writer.append(publication.event)
        if publication.position > 0 {
            writer.append(ascii: ",\"offset\":")
            writer.append(decimal: publication.position)
        }
        writer.append(ascii: "}")
    }

    static func unsubscribed(from channel: String, _ reason: Unsubscribe) -> [UInt8] {
        var writer = ByteWriter(capacity: 128)
        appendPushPrefix(channel: channel, to: &writer)
        writer.append(ascii: ",\"unsubscribe\":{\"code\":")
        writer.append(decimal: Int64(reason.rawValue))
        writer.append(ascii: ",\"reason\":")
        writer.append(jsonString: reason.reason)
        writer.append(ascii: "}}}")
        return writer.bytes
    }

    static func appendPushPrefix(channel: String, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"push\":{\"channel\":")
        writer.append(jsonString: channel)
    }

    static func appendPushPrefix(feedOf user: ID, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"push\":{\"channel\":\"feed:")
        writer.append(decimal: user.raw)
        writer.append(UInt8(ascii: "\""))
    }

    static func pushTail(_ publication: Publication) -> [UInt8] {
        var writer = ByteWriter(capacity: publication.event.count + 48)
        writer.append(ascii: ",\"pub\":")
        append(publication, to: &writer)
        writer.append(ascii: "}}")
        return writer.bytes
    }
}
