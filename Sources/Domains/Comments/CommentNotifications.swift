import Accounts
import Core
import DomainKit
import Engagement
import Posts
import Store

/// What users are notified of by comments: on their posts, in reply to theirs, and likes of theirs. A reply to the post's author is
/// no comment on the post besides.
enum CommentNotifications {
    static let all = [comment, reply, like]

    private static let object = NotificationObject("comment") { comment, reader in
        """
        EXISTS (
            SELECT FROM comments m JOIN posts p ON p.id = m.post_id
            WHERE m.id = \(comment) AND m.deleted_at IS NULL AND \(PostVisibility.sql("p", to: reader))
                AND \(CommentVisibility.sql("m", to: reader)))
        """
    } text: { comment in
        "(SELECT m.text FROM comments m WHERE m.id = \(comment))"
    } ended: { event in
        CommentEvent(event.kind) == .deleted ? event[.comment] : nil
    }

    private static let comment = NotificationKind(
        "comment", about: .post, on: EngagementTopic.name, foundBy: .cause, subject: written
    ) { subjects in
        """
        SELECT p.author_id AS user_id, p.id AS object_id, m.author_id AS actor_id, m.id AS cause_id, p.id AS post_id,
            m.id AS since
        FROM \(subjects) JOIN comments m ON m.id = s.what AND m.deleted_at IS NULL JOIN posts p ON p.id = m.post_id
        WHERE NOT EXISTS (
            SELECT FROM comments above WHERE above.id = m.parent_id AND above.author_id = p.author_id)
        """
    }

    private static let reply = NotificationKind(
        "reply", about: object, on: EngagementTopic.name, foundBy: .cause, subject: written
    ) { subjects in
        """
        SELECT above.author_id AS user_id, above.id AS object_id, m.author_id AS actor_id, m.id AS cause_id, m.post_id,
            m.id AS since
        FROM \(subjects) JOIN comments m ON m.id = s.what AND m.deleted_at IS NULL
        JOIN comments above ON above.id = m.parent_id AND above.deleted_at IS NULL
        """
    }

    private static let like = NotificationKind(
        "like", about: object, on: EngagementTopic.name, foundBy: .actor,
        subject: { event in
            guard let kind = CommentLikeEvent(event.kind), let comment = event[.comment], let user = event[.user]
            else { return nil }
            return NotificationKind.Subject(comment, user, begins: kind == .liked)
        }
    ) { subjects in
        """
        SELECT m.author_id AS user_id, m.id AS object_id, l.user_id AS actor_id, l.id AS cause_id, m.post_id,
            l.id AS since
        FROM \(subjects) JOIN comments m ON m.id = s.what AND m.deleted_at IS NULL
        JOIN \(Likes.table) ON l.object_id = s.what AND l.user_id = s.who
        """
    }

    @Sendable private static func written(_ event: Envelope) -> NotificationKind.Subject? {
        switch CommentEvent(event.kind) {
        case .created: event[.comment].map { NotificationKind.Subject($0, begins: true) }
        case .deleted: event[.comment].map { NotificationKind.Subject($0, begins: false) }
        case .updated, nil: nil
        }
    }
}
