import Accounts
import Core
import HTTPService

/// What a user is notified of, all that has one key: `{"id","key","type","count","actors","object"?,"created_at","read"}`.
struct NotificationGroup: Sendable, Equatable {
    struct Actor: Sendable, Equatable {
        let id: ID
        let handle: String
        let displayName: String
    }

    struct Object: Sendable, Equatable {
        let type: String
        let id: ID
        /// How it begins; `nil`: it has none.
        let text: String?
    }

    static let mostActors = 3
    /// Of an object's text, in Unicode scalars.
    static let mostText = 200

    let id: ID
    let key: String
    let type: String
    let count: Int64
    let actors: [Actor]
    let object: Object?
    let isRead: Bool

    var withoutText: NotificationGroup {
        NotificationGroup(
            id: id, key: key, type: type, count: count, actors: actors,
            object: object.map { Object(type: $0.type, id: $0.id, text: nil) }, isRead: isRead)
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\"")
        writer.append(key: "key", of: key)
        writer.append(key: "type", of: type)
        writer.append(key: "count", of: count)
        writer.append(ascii: ",\"actors\":[")
        for (index, actor) in actors.enumerated() {
            writer.append(ascii: index > 0 ? ",{" : "{")
            writer.appendIdentity(id: actor.id, handle: actor.handle, displayName: actor.displayName)
            writer.append(ascii: "}")
        }
        writer.append(ascii: "]")
        if let object {
            writer.append(ascii: ",\"object\":{\"type\":")
            writer.append(jsonString: object.type)
            writer.append(key: "id", of: object.id.description)
            writer.append(key: "text", of: object.text)
            writer.append(ascii: "}")
        }
        writer.append(key: "created_at", time: id.milliseconds)
        writer.append(isRead ? ",\"read\":true}" : ",\"read\":false}")
    }
}

extension NotificationGroup {
    static let example = NotificationGroup(
        id: UserView.example.id, key: "like:post:\(Component.id.example.string!)", type: "like", count: 12,
        actors: [
            Actor(
                id: UserView.example.id, handle: UserView.example.handle, displayName: UserView.example.displayName)
        ], object: Object(type: "post", id: ID(Component.id.example.string!)!, text: "Hello"), isRead: false)

    private static let actor = Component(
        "NotificationActor", .object(UserView.identity),
        example: ["id": Component.id.example, "handle": "ada_l", "display_name": "Ada Lovelace"])

    private static let object = Component(
        "NotificationObject",
        .object([
            .always(
                "type", .string(pattern: "^[a-z]{1,16}$"), "`post`, `comment`, `poll`; later versions may add others."),
            .always("id", Component.id.reference),
            .sometimes("text", .string(), "How it begins; a poll's is its post's."),
        ]), example: ["type": "post", "id": Component.id.example, "text": "Hello"])

    static let component = Component(
        "Notification",
        .object([
            .always("id", Component.id.reference, "Another one with each new cause: the newest is the largest."),
            .always("key", .string(pattern: NotificationFields.keyPattern), "What is notified of once."),
            .always(
                "type", .string(pattern: "^[a-z_]{1,16}$"),
                "`follow`, `follow_request`, `follow_accepted`, `like`, `comment`, `reply`, `mention`, `poll_closed`, `post`; later "
                    + "versions may add others."),
            .always("count", .integer(from: 1), "How often that happened."),
            .always(
                "actors", .array(of: actor.reference, count: 0...mostActors),
                "Who did it last, each once; those whom the caller may see. Nobody has closed a poll of the caller's."),
            .sometimes("object", object.reference, "What it is about."),
            .always("created_at", Component.time.reference, "Of the newest cause."),
            .always("read", .boolean),
        ]), writing: example.append)

    static let unread = Schema.Property.always(
        "unread", .integer(from: 0), "How many of all, without `types` and `unread`, are not read.")

    static let list = Component(
        "NotificationList",
        .list(
            of: component,
            more: [
                unread, InboxEvent.version, .always("live", Component.cursor.reference, "To go live from."),
            ]),
        example: [
            "items": [component.example], "next": Component.cursor.example, "unread": 1, "version": 12,
            "live": Component.cursor.example,
        ])

    static let read = Component("NotificationsRead", .object([unread]), example: ["unread": 0])
}
