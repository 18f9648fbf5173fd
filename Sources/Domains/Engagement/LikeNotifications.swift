import Core
import DomainKit
import Posts
import Store

enum LikeNotifications {
    /// Somebody likes a post.
    static let ofPosts = NotificationKind(
        "like", about: .post, on: EngagementTopic.name, foundBy: .actor,
        subject: { event in
            guard let kind = EngagementEvent(event.kind), let post = event[.post], let user = event[.user] else {
                return nil
            }
            return NotificationKind.Subject(post, user, begins: kind == .liked)
        }
    ) { subjects in
        """
        SELECT p.author_id AS user_id, p.id AS object_id, l.user_id AS actor_id, l.id AS cause_id, p.id AS post_id,
            l.id AS since
        FROM \(subjects) JOIN posts p ON p.id = s.what JOIN \(Likes.table) ON l.object_id = s.what AND l.user_id = s.who
        """
    }
}
