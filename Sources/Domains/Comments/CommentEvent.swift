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

/// Likes of comments, in the same topic. A record's key is the comment; its payload `{"type","comment_id","user_id"}`. No channel tells of
/// them.
enum CommentLikeEvent: String, NamedKinds {
    case liked = "comment.liked"
    case unliked = "comment.unliked"
}

extension EventField<ID> {
    static let comment = EventField("comment")
}
