public import Core

/// What relations say on the log. A record's key is the follower, or who has blocked or muted somebody.
public enum RelationEvent: String, NamedKinds {
    case followAccepted = "follow.accepted"
    case followRemoved = "follow.removed"
    case blockAdded = "block.added"
    case blockRemoved = "block.removed"
    case muteAdded = "mute.added"
    case muteRemoved = "mute.removed"

    public static let topic = "graph.events"
}

/// What is to be told to a user who is not here. A record's key is the user.
public enum NotificationEvent: String, NamedKinds {
    case requested = "notification.requested"

    public static let topic = "notification.requested"
}

extension EventField<ID> {
    public static let follower = EventField("follower")
    public static let followee = EventField("followee")
    /// Who has blocked or muted, and whom.
    public static let owner = EventField("owner")
    public static let other = EventField("other")
}

extension EventField<Bool> {
    /// Of a follow: the followee was asked before.
    public static let wasAsked = EventField("asked", read: { $0 == "1" }, write: { $0 ? "1" : "0" })
}
