import Core
public import HTTPService
import Outbox
import Store

/// What a changed profile is told as: `{"type":"user.updated","user":{…}}`, without what depends on who reads it.
public struct UserUpdated: Sendable {
    let user: UserView

    var json: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        append(to: &writer)
        return writer.bytes
    }

    private func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"type\":\"user.updated\",\"user\":")
        user.append(to: &writer)
        writer.append(ascii: "}")
    }

    /// By type.
    /// - Parameter others: keys that all events may have.
    public static func components(_ others: Schema.Property...) -> [(String, Component)] {
        [
            (
                UserEvent.updated.rawValue,
                Component(
                    "UserUpdated",
                    .object(
                        [
                            .always("type", .constant(UserEvent.updated.rawValue)),
                            .always("user", UserView.component.reference, "As others see it now."),
                        ] + others), writing: UserUpdated(user: .example).append)
            )
        ]
    }
}

extension UserEvent {
    /// The user's row of `users` is locked (`Outbox.statement`).
    static func updated(_ user: UserView, _ context: TraceContext, clock: any WallClock) -> SQL {
        var envelope = Envelope(
            UserEvent.updated.kind, eventID: uuidV7(clock: clock), context, payload: UserUpdated(user: user).json)
        envelope[.user] = user.id
        return Outbox.statement(topic: topic, key: user.id, envelope)
    }
}
