/// What becomes of a push, as far as the user's preferences say. Times are milliseconds since 1970.
public enum PushDecision: Sendable, Equatable {
    case send
    /// Quiet hours: it waits for their end, and is decided anew then.
    case hold(until: Int64)
    /// It is told together with others at that time.
    case digest(until: Int64)
    case suppress(Reason)

    public enum Reason: String, Sendable {
        /// Pushes of this type are off.
        case type
        /// Who did it is nobody whom the user wants to hear of.
        case actor
        /// Whom the user has muted, or blocked, or who has blocked him.
        case muted
    }
}

/// What a user has to do with who did something.
public enum ActorRelation: Sendable, Equatable {
    /// Nobody did it: a poll has closed.
    case nobody
    case stranger
    case followed
    /// Each follows the other.
    case mutual
    /// The user may not be notified of him.
    case refused
}
