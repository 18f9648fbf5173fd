import Core
import DomainKit
import Store

/// What users are notified of where somebody follows them, asks to, or lets them.
enum RelationNotifications {
    static let all: [NotificationKind] = [
        NotificationKind("follow", on: RelationEvent.topic, foundBy: .actor, subject: follow) { subjects in
            rows(
                "f.followee", "f.follower", "f.id",
                "\(subjects) JOIN follows f ON f.followee = s.what AND f.follower = s.who")
        },
        NotificationKind("follow_request", on: RelationEvent.topic, foundBy: .actor, subject: request) { subjects in
            rows(
                "r.target", "r.asker", "r.id",
                "\(subjects) JOIN follow_requests r ON r.target = s.what AND r.asker = s.who")
        },
        NotificationKind("follow_accepted", on: RelationEvent.topic, foundBy: .actor, subject: accepted) { subjects in
            rows(
                "f.follower", "f.followee", "f.id",
                "\(subjects) JOIN follows f ON f.follower = s.what AND f.followee = s.who")
        },
    ]

    private static func rows(_ user: SQL, _ actor: SQL, _ cause: SQL, _ tables: SQL) -> SQL {
        """
        SELECT \(user) AS user_id, NULL::bigint AS object_id, \(actor) AS actor_id, \(cause) AS cause_id,
            NULL::bigint AS post_id, \(cause) AS since
        FROM \(tables)
        """
    }

    /// Who has let somebody follow knows.
    @Sendable private static func follow(_ event: Envelope) -> NotificationKind.Subject? {
        switch RelationEvent(event.kind) {
        case .followAccepted where event[.wasAsked] != true: subject(event, .followee, .follower, begins: true)
        case .followRemoved: subject(event, .followee, .follower, begins: false)
        default: nil
        }
    }

    @Sendable private static func request(_ event: Envelope) -> NotificationKind.Subject? {
        switch RelationEvent(event.kind) {
        case .followRequested: subject(event, .followee, .follower, begins: true)
        case .followUnrequested, .followAccepted: subject(event, .followee, .follower, begins: false)
        default: nil
        }
    }

    @Sendable private static func accepted(_ event: Envelope) -> NotificationKind.Subject? {
        switch RelationEvent(event.kind) {
        case .followAccepted where event[.wasAsked] == true: subject(event, .follower, .followee, begins: true)
        case .followRemoved: subject(event, .follower, .followee, begins: false)
        default: nil
        }
    }

    private static func subject(
        _ event: Envelope, _ what: EventField<ID>, _ who: EventField<ID>, begins: Bool
    ) -> NotificationKind.Subject? {
        guard let what = event[what], let who = event[who] else { return nil }
        return NotificationKind.Subject(what, who, begins: begins)
    }
}
