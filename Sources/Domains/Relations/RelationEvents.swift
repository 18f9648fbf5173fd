public import Core

/// What follows say on the log. A record's key is the follower.
public enum RelationEvent: String, NamedKinds {
    case followAccepted = "follow.accepted"
    case followRemoved = "follow.removed"

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
}
