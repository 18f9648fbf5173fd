public import Core
public import HTTPService

/// What changed in a feed, as clients see it: `{"type":"post.created","post":{…}}` or
/// `{"type":"post.deleted","post_id":"…"}`. The same bytes go through the outbox, Kafka, Redis and to the sockets.
public enum FeedEvent: Sendable, Equatable {
    case created(PostView)
    case deleted(ID)

    public var name: PostEvent {
        switch self {
        case .created: .created
        case .deleted: .deleted
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

extension FeedEvent {
    public static let component = Component(
        "Event",
        .oneOf([("post.created", createdComponent), ("post.deleted", deletedComponent)], by: "type"),
        example: createdComponent.example)

    private static let createdComponent = Component(
        "PostCreated",
        .object([
            .always("type", .constant("post.created")), .always("post", PostView.component.reference),
        ]), writing: FeedEvent.created(.example).append)

    private static let deletedComponent = Component(
        "PostDeleted",
        .object([.always("type", .constant("post.deleted")), .always("post_id", Component.id.reference)]),
        writing: FeedEvent.deleted(PostView.example.id).append)
}
