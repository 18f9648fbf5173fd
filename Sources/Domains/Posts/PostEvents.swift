public import Core

/// What posts say on the log and to live clients. A record's key is the author; its payload the event as clients get it,
/// see `FeedEvent`.
public enum PostEvent: String, NamedKinds {
    case created = "post.created"
    case updated = "post.updated"
    case deleted = "post.deleted"

    public static let topic = "post.events"
}

/// States of `post:{id}`.
enum PostState: String, NamedKinds {
    case counts = "post.counts"
}

extension EventField<ID> {
    public static let post = EventField("post")
    public static let author = EventField("author")
}
