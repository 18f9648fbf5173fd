public import Core
import Outbox
import Store

/// What users say on the log. A record's key is the user.
public enum UserEvent: String, NamedKinds {
    /// The account has become private, or is it no more.
    case privacy = "user.privacy"
    /// The user is suspended, or is it no more.
    case suspended = "user.suspended"
    /// The user is about to be erased, or has come back.
    case erasing = "user.erasing"
    /// There is nothing left of the user but the id.
    case erased = "user.erased"

    /// What others see of the user is another one: name, handle, text, role. Clients get it as it is.
    case updated = "user.updated"

    public static let topic = "user.events"
}

extension EventField<ID> {
    public static let user = EventField("user")
}

extension EventField<Bool> {
    public static let isPrivate = EventField("private", read: { $0 == "1" }, write: { $0 ? "1" : "0" })
    public static let isErasing = EventField("erasing", read: { $0 == "1" }, write: { $0 ? "1" : "0" })
    public static let isSuspended = EventField("suspended", read: { $0 == "1" }, write: { $0 ? "1" : "0" })
}

extension UserEvent {
    /// The user's row of `users` is locked (`Outbox.statement`).
    static func privacy(of user: ID, isPrivate: Bool, _ context: TraceContext, clock: any WallClock) -> SQL {
        statement(.privacy, of: user, .isPrivate, isPrivate, context, clock)
    }

    /// The same.
    static func suspended(_ user: ID, isSuspended: Bool, _ context: TraceContext, clock: any WallClock) -> SQL {
        statement(.suspended, of: user, .isSuspended, isSuspended, context, clock)
    }

    /// The same.
    static func erasing(_ user: ID, isErasing: Bool, _ context: TraceContext, clock: any WallClock) -> SQL {
        statement(.erasing, of: user, .isErasing, isErasing, context, clock)
    }

    /// The same.
    static func erased(_ user: ID, _ context: TraceContext, clock: any WallClock) -> SQL {
        statement(.erased, of: user, .isErasing, true, context, clock)
    }

    private static func statement(
        _ event: UserEvent, of user: ID, _ field: EventField<Bool>, _ isSo: Bool, _ context: TraceContext,
        _ clock: any WallClock
    ) -> SQL {
        let value = FlatJSON.encode([
            "type": event.rawValue, "user": user.description, field.name: isSo ? "true" : "false",
        ])
        var envelope = Envelope(event.kind, eventID: uuidV7(clock: clock), context, payload: Array(value.utf8))
        envelope[.user] = user
        envelope[field] = isSo
        return Outbox.statement(topic: topic, key: user, envelope)
    }
}
