import Core
import DomainKit
import Posts
import Store

enum PollNotifications {
    private static let object = NotificationObject("poll") { poll, reader in
        """
        EXISTS (
            SELECT FROM polls asked JOIN posts p ON p.id = asked.post_id
            WHERE asked.id = \(poll) AND \(PostVisibility.sql("p", to: reader)))
        """
    } text: { poll in
        "(SELECT p.text FROM polls asked JOIN posts p ON p.id = asked.post_id WHERE asked.id = \(poll))"
    }

    /// A poll has closed: for its author, and those who have voted.
    static let closed = NotificationKind(
        "poll_closed", about: object, on: EngagementTopic.name, foundBy: .cause,
        for: { poll, position, limit in
            """
            (SELECT po.author_id AS user_id FROM polls po WHERE po.id = \(poll) AND po.author_id > \(position))
            UNION (
                SELECT v.voter FROM poll_votes v WHERE v.poll_id = \(poll) AND v.voter > \(position)
                ORDER BY v.voter LIMIT \(limit))
            ORDER BY user_id LIMIT \(limit)
            """
        },
        subject: { event in
            guard PollEvent(event.kind) == .closed else { return nil }
            return event[.poll].map { NotificationKind.Subject($0, begins: true) }
        }
    ) { subjects in
        """
        SELECT s.who AS user_id, po.id AS object_id, nullif(po.author_id, s.who) AS actor_id, po.id AS cause_id,
            po.post_id, NULL::bigint AS since
        FROM \(subjects) JOIN polls po ON po.id = s.what AND po.closed
        WHERE po.author_id = s.who OR EXISTS (SELECT FROM poll_votes v WHERE v.poll_id = po.id AND v.voter = s.who)
        """
    }
}
