public import Core

/// Somebody follows a hashtag, or does no more.
public struct TagFollowChange: Sendable, Equatable {
    /// As it is compared.
    public let tag: String
    public let user: ID
    public let isFollowed: Bool

    init(tag: String, user: ID, isFollowed: Bool) {
        (self.tag, self.user, self.isFollowed) = (tag, user, isFollowed)
    }

    /// `nil`: the event does not say who, or which tag.
    public init?(_ kind: TagFollowEvent, _ event: Envelope) {
        guard let user = event[.follower], let tag = event[.tag] else { return nil }
        self.init(tag: tag, user: user, isFollowed: kind == .followed)
    }

    func event(id: String, _ context: TraceContext) -> Envelope {
        let kind: TagFollowEvent = isFollowed ? .followed : .unfollowed
        let json = FlatJSON.encode(["type": kind.rawValue, "follower": user.description, "tag": tag])
        var envelope = Envelope(kind.kind, eventID: id, context, payload: Array(json.utf8))
        envelope[.follower] = user
        envelope[.tag] = tag
        return envelope
    }
}

/// What follows of hashtags say on the log: changes of feeds that are no changes of posts. A record's key is the follower.
public enum TagFollowEvent: String, NamedKinds {
    case followed = "tag.followed"
    case unfollowed = "tag.unfollowed"

    public static let topic = "feed.updated"
}

extension EventField<ID> {
    fileprivate static let follower = EventField("follower")
}

extension EventField<String> {
    fileprivate static let tag = EventField("tag", read: { $0.isEmpty ? nil : $0 }, write: { $0 })
}

/// Who must know that somebody follows a hashtag, or does no more: once it is committed, before the response, in the process that
/// served it.
public protocol TagFollowObserver: Sendable {
    /// May be told the same twice. What it throws is logged; the change stays.
    func changed(_ change: TagFollowChange) async throws
}
