public import Core
import Outbox
import Store

/// What users say on the log. A record's key is the user.
public enum UserEvent: String, NamedKinds {
    /// The account has become private, or is it no more.
    case privacy = "user.privacy"

    public static let topic = "user.events"
}

extension EventField<ID> {
    public static let user = EventField("user")
}

extension EventField<Bool> {
    public static let isPrivate = EventField("private", read: { $0 == "1" }, write: { $0 ? "1" : "0" })
}

extension UserEvent {
    /// The user's row of `users` is locked (`Outbox.statement`).
    static func privacy(of user: ID, isPrivate: Bool, _ context: TraceContext, clock: any WallClock) -> SQL {
        let value = FlatJSON.encode([
            "type": UserEvent.privacy.rawValue, "user": user.description, "private": isPrivate ? "true" : "false",
        ])
        var envelope = Envelope(
            UserEvent.privacy.kind, eventID: uuidV7(clock: clock), context, payload: Array(value.utf8))
        envelope[.user] = user
        envelope[.isPrivate] = isPrivate
        return Outbox.statement(topic: topic, key: user, envelope)
    }
}
