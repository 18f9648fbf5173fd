public import Core
public import HTTPService

/// What changed in a feed, as clients see it: `{"type":"post.created","post":{…}}`, `{"type":"post.updated","post":{…}}` or
/// `{"type":"post.deleted","post_id":"…"}`. The same bytes go through the outbox, Kafka, Redis and to the sockets.
public enum FeedEvent: Sendable, Equatable {
    case created(PostView)
    /// The post as it is now; for who was not told of it before, it is new.
    case updated(PostView)
    case deleted(ID)

    public var name: PostEvent {
        switch self {
        case .created: .created
        case .updated: .updated
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
        case .updated(let post):
            writer.append(ascii: "{\"type\":\"post.updated\",\"post\":")
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
    private var post: ID {
        switch self {
        case .created(let post), .updated(let post): post.id
        case .deleted(let id): id
        }
    }

    /// As it goes through the log.
    /// - Parameter tags: of a public post.
    func envelope(author: ID, tags: [String], eventID: String, _ context: TraceContext) -> Envelope {
        var envelope = Envelope(name.kind, eventID: eventID, context, payload: json)
        envelope[.post] = post
        envelope[.author] = author
        envelope.tags = tags
        return envelope
    }
}

extension FeedEvent {
    /// By type.
    public static let components = [
        ("post.created", createdComponent), ("post.updated", updatedComponent), ("post.deleted", deletedComponent),
    ]

    public static let example = createdComponent.example

    /// A poll with `channels` says which one told it.
    public static let channel = Schema.Property.sometimes(
        "channel", .string(), "With `channels`: the one that told it.")

    private static let createdComponent = Component(
        "PostCreated",
        .object([
            .always("type", .constant("post.created")), .always("post", PostView.component.reference), channel,
        ]), writing: FeedEvent.created(.example).append)

    private static let updatedComponent = Component(
        "PostUpdated",
        .object([
            .always("type", .constant("post.updated")),
            .always("post", PostView.component.reference, "As it is now; perhaps new to who was away."), channel,
        ]), writing: FeedEvent.updated(.edited).append)

    private static let deletedComponent = Component(
        "PostDeleted",
        .object([.always("type", .constant("post.deleted")), .always("post_id", Component.id.reference), channel]),
        writing: FeedEvent.deleted(PostView.example.id).append)
}
