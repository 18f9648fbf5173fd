import Core
import HTTPService

/// What clients are told of their notifications, each with the number of those that are unread and the inbox's version: of two
/// numbers that of the larger version is the newer one.
///
/// `{"type":"notification.created","group":{…},"unread","version"}`, the same as `notification.updated`,
/// `{"type":"notification.removed","key","unread","version"}`, `{"type":"notifications.read","up_to","unread","version"}`
enum InboxEvent: Sendable, Equatable {
    enum Kind: String, NamedKinds {
        case created = "notification.created"
        case updated = "notification.updated"
        case removed = "notification.removed"
        case read = "notifications.read"
    }

    /// It has a cause that is new.
    case created(NotificationGroup)
    case updated(NotificationGroup)
    case removed(key: String)
    /// All up to it are read.
    case read(upTo: ID)

    var kind: Kind {
        switch self {
        case .created: .created
        case .updated: .updated
        case .removed: .removed
        case .read: .read
        }
    }

    func append(unread: Int64, version: Int64, to writer: inout ByteWriter) {
        writer.append(ascii: "{\"type\":")
        writer.append(jsonString: kind.rawValue)
        switch self {
        case .created(let group), .updated(let group):
            writer.append(ascii: ",\"group\":")
            group.append(to: &writer)
        case .removed(let key): writer.append(key: "key", of: key)
        case .read(let upTo): writer.append(key: "up_to", of: upTo.description)
        }
        writer.append(key: "unread", of: unread)
        writer.append(key: "version", of: version)
        writer.append(ascii: "}")
    }
}

// MARK: In the document

extension InboxEvent {
    /// By type.
    /// - Parameter others: keys that all events may have.
    static func components(_ others: Schema.Property...) -> [(type: String, component: Component)] {
        let group = Schema.Property.always("group", NotificationGroup.component.reference)
        return [
            component("NotificationCreated", .created(.example), group, others),
            component("NotificationUpdated", .updated(.example), group, others),
            component(
                "NotificationRemoved", .removed(key: "follow"),
                .always("key", .string(pattern: NotificationFields.keyPattern)), others),
            component(
                "NotificationsWereRead", .read(upTo: NotificationGroup.example.id),
                .always("up_to", Component.id.reference, "It and all with smaller ids."), others),
        ]
    }

    private static func component(
        _ name: String, _ example: InboxEvent, _ key: Schema.Property, _ others: [Schema.Property]
    ) -> (type: String, component: Component) {
        let type = example.kind.rawValue
        let keys: [Schema.Property] = [.always("type", .constant(type)), key, NotificationGroup.unread, version]
        return (
            type,
            Component(name, .object(keys + others)) { example.append(unread: 1, version: 12, to: &$0) }
        )
    }

    static let version = Schema.Property.always(
        "version", .integer(from: 0),
        "Grows with each change: of two numbers that with the larger one is the newer one.")
}
