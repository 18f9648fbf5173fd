import Core
import HTTPService
import Live
import Posts

/// What happened to a comment, as live clients are told: `{"type":"comment.created","comment":{…}}`,
/// `{"type":"comment.updated","comment":{…}}` or `{"type":"comment.deleted","comment_id","post_id","thread_id","parent_id"?}`.
/// The same bytes for all.
enum CommentNews: Sendable, Equatable {
    case created(CommentView)
    case updated(CommentView)
    /// As it was before.
    case deleted(CommentView)

    var kind: CommentEvent {
        switch self {
        case .created: .created
        case .updated: .updated
        case .deleted: .deleted
        }
    }

    var comment: CommentView {
        switch self {
        case .created(let comment), .updated(let comment), .deleted(let comment): comment
        }
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"type\":")
        writer.append(jsonString: kind.rawValue)
        switch self {
        case .created(let comment), .updated(let comment):
            writer.append(ascii: ",\"comment\":")
            comment.append(to: &writer)
        case .deleted(let comment):
            writer.append(ascii: ",\"comment_id\":\"")
            writer.append(decimal: comment.id.raw)
            comment.appendPlace(to: &writer)
        }
        writer.append(ascii: "}")
    }

    func envelope(clock: any WallClock, _ context: TraceContext) -> Envelope {
        var json = ByteWriter(capacity: 512)
        append(to: &json)
        var envelope = Envelope(kind.kind, eventID: uuidV7(clock: clock), context, payload: json.bytes)
        envelope[.post] = comment.post
        envelope[.comment] = comment.id
        // Who must not see him is not told.
        envelope[.author] = comment.content?.authorID
        return envelope
    }
}

// MARK: In the document

extension CommentNews {
    /// By type.
    /// - Parameter others: keys that all events may have.
    static func components(_ others: Schema.Property...) -> [(type: String, component: Component)] {
        let place: [Schema.Property] = [
            .always("comment_id", Component.id.reference), .always("post_id", Component.id.reference),
            .always("thread_id", Component.id.reference), .sometimes("parent_id", Component.id.reference),
        ]
        let comment = Schema.Property.always("comment", CommentView.component.reference)
        return [
            component("CommentCreated", CommentNews.created(.example), [comment] + others),
            component("CommentUpdated", CommentNews.updated(.reply), [comment] + others),
            component("CommentDeleted", CommentNews.deleted(.reply), place + others),
        ]
    }

    private static func component(
        _ name: String, _ example: CommentNews, _ keys: [Schema.Property]
    ) -> (type: String, component: Component) {
        let type = example.kind.rawValue
        return (type, Component(name, .object([.always("type", .constant(type))] + keys), writing: example.append))
    }
}
