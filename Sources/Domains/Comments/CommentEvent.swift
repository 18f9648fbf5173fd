public import Core
import HTTPService
import Posts

/// What comments say on the log and to live clients: on `engagement.events`, keyed by the post; a record's payload is the event
/// as clients get it, see `CommentNews`.
public enum CommentEvent: String, NamedKinds {
    case created = "comment.created"
    case updated = "comment.updated"
    case deleted = "comment.deleted"
}

extension EventField<ID> {
    static let comment = EventField("comment")
}
