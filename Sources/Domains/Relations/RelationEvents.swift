public import Core

/// What relations say on the log. A record's key is the follower, who asks to follow, or who has blocked or muted somebody.
public enum RelationEvent: String, NamedKinds {
    case followAccepted = "follow.accepted"
    case followRemoved = "follow.removed"
    /// A private account is asked.
    case followRequested = "follow.requested"
    /// It is asked no more: the asker took it back, or it was refused. One that was accepted is a follow.
    case followUnrequested = "follow.unrequested"
    case blockAdded = "block.added"
    case blockRemoved = "block.removed"
    case muteAdded = "mute.added"
    case muteRemoved = "mute.removed"

    public static let topic = "graph.events"
}

extension EventField<ID> {
    /// Who follows, or asks to.
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
