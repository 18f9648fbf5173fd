import Accounts
import Core
import DomainKit
import Preferences
import Relations
import Store

/// What statements ask of one kind of notifications. Its groups' keys are `follow`, or `like:post:123`.
struct KindSQL: Sendable {
    let kind: NotificationKind

    /// A part of a `WITH`: the table that a kind's `causes` are asked of.
    static func subjects(_ subjects: [NotificationKind.Subject]) -> SQL {
        """
        subjects AS (
            SELECT * FROM unnest(\(subjects.map(\.what))::bigint[], \(subjects.map(\.who))::bigint[]) a (what, who))
        """
    }

    private var prefix: String { kind.object.map { "\(kind.type):\($0.type):" } ?? kind.type }

    private func key(_ object: SQL) -> SQL {
        kind.object == nil ? "\(prefix)::text" : "\(prefix)::text || \(object)"
    }

    /// Rows `user_id, key, cause_id, actor_id, object_id, post_id, since`: what is so now, and may be told. Nobody is told of what he
    /// does himself, of what comes from whom he has blocked or muted, or who has blocked him, or of what he can't see.
    var wanted: SQL {
        let isShown: SQL = kind.object.map { $0.isShown("w.object_id", "w.user_id") } ?? "true"
        return """
            SELECT w.user_id, \(key("w.object_id")) AS key, w.cause_id, w.actor_id, w.object_id, w.post_id, w.since
            FROM (\(kind.causes("subjects s"))) w
            WHERE (w.actor_id IS NULL
                    OR w.actor_id <> w.user_id AND \(Audience.mayNotify(of: "w.actor_id", "w.user_id")))
                AND \(isShown) AND w.user_id <> ALL (ARRAY(\(Standing.leaving)))
            """
    }

    /// Is `notification_causes c` what a subject `s` is about?
    var isFound: SQL {
        switch (kind.finding, kind.object) {
        case (.actor, nil): "c.user_id = s.what AND c.key = \(prefix) AND c.actor_id = s.who"
        case (.actor, _?): "c.key = \(key("s.what")) AND c.actor_id = s.who"
        case (.cause, _): "c.cause_id = s.what AND s.who IN (0, c.user_id) AND starts_with(c.key, \(prefix))"
        }
    }

    /// Takes back what is not so any more, of users who are locked.
    func removed(_ subjects: [NotificationKind.Subject], of users: [ID]) -> SQL {
        InboxSQL.counted(
            """
            DELETE FROM notification_causes c USING subjects s
            WHERE c.user_id = ANY (\(users)::bigint[]) AND \(isFound) AND NOT EXISTS (
                SELECT FROM wanted w WHERE w.user_id = c.user_id AND w.key = c.key AND w.cause_id = c.cause_id)
            RETURNING c.user_id, c.key
            """, with: "\(Self.subjects(subjects)), wanted AS MATERIALIZED (\(wanted)),")
    }

    /// Writes down what is so, was not told yet, and is wanted by users, who are locked. A group with a new cause is a new one, and unread.
    /// - Parameter base: an id that was made for it.
    func added(_ subjects: [NotificationKind.Subject], to users: [ID], base: ID) -> SQL {
        """
        WITH \(Self.subjects(subjects)), wanted AS (\(wanted)),
        added AS (
            INSERT INTO notification_causes (user_id, key, cause_id, actor_id, object_id, post_id)
            SELECT w.user_id, w.key, w.cause_id, w.actor_id, w.object_id, w.post_id
            FROM wanted w JOIN notification_state t ON t.user_id = w.user_id
            LEFT JOIN notifications n ON n.user_id = w.user_id AND n.key = w.key
            WHERE w.user_id = ANY (\(users)::bigint[]) AND COALESCE(w.since > t.floor, true)
                AND w.cause_id > COALESCE(n.floor, 0)
                AND NOT \(PreferenceRow.keepsOut(kind.type, of: "w.user_id", from: "w.actor_id"))
            ON CONFLICT (user_id, key, cause_id) DO NOTHING RETURNING user_id, key, cause_id, object_id)
        INSERT INTO notifications AS n (user_id, key, id, type, object_type, object_id, count, version)
        SELECT a.user_id, a.key,
            greatest(\(base)::bigint, t.last_id + 1) - 1
                + row_number() OVER (PARTITION BY a.user_id ORDER BY a.newest, a.key),
            \(kind.type)::text, \(kind.object?.type)::text, a.object_id, a.causes, t.version + 1
        FROM (
            SELECT user_id, key, object_id, max(cause_id) AS newest, count(*) AS causes FROM added
            GROUP BY user_id, key, object_id) a JOIN notification_state t ON t.user_id = a.user_id
        ON CONFLICT (user_id, key) DO UPDATE SET id = excluded.id, count = n.count + excluded.count, read = false,
            version = excluded.version
        """
    }
}
