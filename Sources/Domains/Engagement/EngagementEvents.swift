import Core
import Posts

/// What people do to a post that leaves it as it is. A record's key is the post; its payload
/// `{"type","post_id","user_id"}`. The row of `likes` is locked before one is written (`Outbox`), so of one user and post they
/// come in order.
enum EngagementEvent: String, NamedKinds {
    case liked = "post.liked"
    case unliked = "post.unliked"
}

extension EventField<ID> {
    /// Who does it.
    static let user = EventField("user")
}
