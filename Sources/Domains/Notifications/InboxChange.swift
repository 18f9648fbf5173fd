import Core
import Store

/// That something of an inbox is another one now, as it is written to the log in the transaction of the change: which notifications,
/// not how they are, for that is read when it is told. A record's key is the receiver, whose row of `notification_state` is locked.
struct InboxChange: Sendable, Equatable {
    enum Kind: String, NamedKinds {
        case changed = "inbox.changed"
    }

    static let topic = "inbox.events"

    let user: ID
    /// Keys of those that have a cause more, in order.
    let new: [String]
    /// Of those that have changed otherwise, or are gone.
    let others: [String]
    /// The user has read all up to this one; `nil`: that was it not.
    let upTo: ID?

    /// `nil` where something is missing.
    init?(_ event: Envelope) {
        guard let user = event[.receiver], let object = try? JSONValue.parse(event.payload).object,
            let new = object["new"]?.string, let others = object["others"]?.string
        else { return nil }
        self.user = user
        self.new = new.split(separator: " ").map(String.init)
        self.others = others.split(separator: " ").map(String.init)
        upTo = event[.upTo]
    }

    // MARK: As the database writes it

    static func headers(user: SQL, upTo: ID) -> SQL {
        upTo == .zero
            ? "jsonb_build_object('receiver', \(user)::text)"
            : "jsonb_build_object('receiver', \(user)::text, 'up-to', \(upTo.description)::text)"
    }

    /// - Parameters:
    ///   - new: keys with spaces between them, or NULL.
    ///   - others: the same.
    static func payload(new: SQL, others: SQL) -> SQL {
        """
        json_build_object('type', \(Kind.changed.rawValue)::text,
            'new', COALESCE(\(new), ''), 'others', COALESCE(\(others), ''))::text
        """
    }
}

extension EventField<ID> {
    static let receiver = EventField("receiver")
    static let upTo = EventField("up-to")
}
