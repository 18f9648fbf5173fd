public import Core

/// What polls say on the log, in the topic `EngagementTopic`. A record's key is the post.
public enum PollEvent: String, NamedKinds {
    /// Somebody has voted; not who, nor for what.
    case voted = "poll.voted"
    /// It is the last one of its poll.
    case closed = "poll.closed"
}

/// What live clients are told.
enum PollNews: String, NamedKinds {
    /// The whole poll, as all may see it.
    case updated = "poll.updated"
}

extension EventField<ID> {
    public static let poll = EventField("poll")
}
