import Core
public import DomainKit
import Relations
import Store

extension NotificationObject {
    /// For domains whose notifications are about posts, too.
    public static let post = NotificationObject("post") { post, reader in
        "EXISTS (SELECT FROM posts p WHERE p.id = \(post) AND \(PostVisibility.sql("p", to: reader)))"
    } text: { post in
        "(SELECT p.text FROM posts p WHERE p.id = \(post))"
    } ended: { event in
        PostEvent(event.kind) == .deleted ? event[.post] : nil
    }
}

/// What users are notified of by a post itself: that it mentions them, or that its author, whose bell is on, has written it. Who is
/// mentioned is not told of it twice.
enum PostNotifications {
    static let all = [mention, bell]

    private static let mention = NotificationKind(
        "mention", about: .post, on: PostEvent.topic, foundBy: .cause, subject: mentioning
    ) { subjects in
        """
        SELECT m.user_id, p.id AS object_id, p.author_id AS actor_id, p.id AS cause_id, p.id AS post_id,
            COALESCE(p.edit_id, p.id) AS since
        FROM \(subjects) JOIN posts p ON p.id = s.what CROSS JOIN LATERAL unnest(p.mentions) m (user_id)
        """
    }

    private static let bell = NotificationKind(
        "post", about: .post, on: PostEvent.topic, foundBy: .cause,
        for: { post, position, limit in
            Bells.users(of: "(SELECT p.author_id FROM posts p WHERE p.id = \(post))", behind: position, limit: limit)
        },
        subject: { event in
            guard PostEvent(event.kind) == .created else { return nil }
            return event[.post].map { NotificationKind.Subject($0, begins: true) }
        }
    ) { subjects in
        """
        SELECT b.user_id, p.id AS object_id, p.author_id AS actor_id, p.id AS cause_id, p.id AS post_id, p.id AS since
        FROM \(subjects) JOIN posts p ON p.id = s.what JOIN \(Bells.table) ON b.author = p.author_id AND b.user_id = s.who
        WHERE b.user_id <> ALL (p.mentions)
        """
    }

    @Sendable private static func mentioning(_ event: Envelope) -> NotificationKind.Subject? {
        switch PostEvent(event.kind) {
        // An edit may mention others.
        case .created, .updated: event[.post].map { NotificationKind.Subject($0, begins: true) }
        // Its object has ended.
        case .deleted, nil: nil
        }
    }
}
