public import Core

/// What changed in a feed, as clients see it: `{"type":"post.created","post":{…}}` or
/// `{"type":"post.deleted","post_id":"…"}`. The same bytes go through the outbox, Kafka, Redis and to the sockets.
public enum FeedEvent: Sendable, Equatable {
    case created(PostView)
    case deleted(ID)

    public var type: String {
        switch self {
        case .created: EventType.postCreated
        case .deleted: EventType.postDeleted
        }
    }

    public var json: [UInt8] {
        var writer = ByteWriter(capacity: 320)
        append(to: &writer)
        return writer.bytes
    }

    public func append(to writer: inout ByteWriter) {
        switch self {
        case .created(let post):
            writer.append(ascii: "{\"type\":\"post.created\",\"post\":")
            post.append(to: &writer)
            writer.append(ascii: "}")
        case .deleted(let id):
            writer.append(ascii: "{\"type\":\"post.deleted\",\"post_id\":\"")
            writer.append(decimal: id.raw)
            writer.append(ascii: "\"}")
        }
    }
}
