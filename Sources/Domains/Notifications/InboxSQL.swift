import Accounts
import Core
import Outbox
import Store

/// Statements about the inboxes of some users, for a transaction. `lock` comes first: so what a user's groups, their causes and the
/// number of those that are unread say is one thing, whoever changes them at once, and what is read behind it of other domains is what
/// holds. All take users in one order.
enum InboxSQL {
    /// Of one user. The oldest go.
    static let mostGroups = 500
    /// Rows of causes that one statement takes back.
    static let mostTaken = 1_000

    /// Takes the users' rows, which are made where there are none. Who is leaving gets none.
    static func lock(_ users: [ID]) -> SQL {
        """
        INSERT INTO notification_state (user_id)
        SELECT u.id FROM users u WHERE u.id = ANY (\(users)::bigint[]) ORDER BY u.id
        ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
        """
    }

    /// The same where there are some.
    static func lockExisting(_ users: [ID]) -> SQL {
        "SELECT user_id FROM notification_state WHERE user_id = ANY (\(users)::bigint[]) ORDER BY user_id FOR UPDATE"
    }

    /// What goes with causes: each counts for its group.
    /// - Parameter gone: a statement that deletes from `notification_causes c` and returns `c.user_id, c.key`.
    static func counted(_ gone: SQL, with more: SQL = "") -> SQL {
        """
        WITH \(more) gone AS (\(gone)), fewer AS (
            UPDATE notifications n SET count = n.count - g.causes, version = \(nextVersion(of: "n.user_id"))
            FROM (SELECT user_id, key, count(*) AS causes FROM gone GROUP BY user_id, key) g
            WHERE n.user_id = g.user_id AND n.key = g.key)
        SELECT count(*) AS gone FROM gone
        """
    }

    /// Takes back some causes of users who are locked; a column `gone` says how many.
    /// - Parameter condition: about `notification_causes c`.
    static func takenBack(of users: [ID], where condition: SQL) -> SQL {
        counted(
            """
            DELETE FROM notification_causes c USING (
                SELECT c.user_id, c.key, c.cause_id FROM notification_causes c
                WHERE c.user_id = ANY (\(users)::bigint[]) AND (\(condition)) LIMIT \(mostTaken)) d
            WHERE c.user_id = d.user_id AND c.key = d.key AND c.cause_id = d.cause_id RETURNING c.user_id, c.key
            """)
    }

    /// The oldest groups of who has too many go.
    static func trimmed(_ users: [ID]) -> SQL {
        """
        WITH old AS (
            SELECT o.user_id, o.key FROM unnest(\(users)::bigint[]) u (id) CROSS JOIN LATERAL (
                SELECT n.user_id, n.key FROM notifications n WHERE n.user_id = u.id
                ORDER BY n.id DESC OFFSET \(mostGroups)) o),
        gone AS (
            DELETE FROM notification_causes c USING old WHERE c.user_id = old.user_id AND c.key = old.key
            RETURNING c.user_id, c.cause_id),
        floors AS (
            UPDATE notification_state t SET floor = greatest(t.floor, g.newest)
            FROM (SELECT user_id, max(cause_id) AS newest FROM gone GROUP BY user_id) g WHERE t.user_id = g.user_id)
        UPDATE notifications n SET count = 0, floor = 0, version = \(nextVersion(of: "n.user_id"))
        FROM old WHERE n.user_id = old.user_id AND n.key = old.key
        """
    }

    /// That of an inbox behind the change that is under way: what has it has changed.
    static func nextVersion(of user: SQL) -> SQL {
        "(SELECT t.version + 1 FROM notification_state t WHERE t.user_id = \(user))"
    }

    /// The end of each change: groups without causes go, but for the mark of one that the user has removed; what is unread is
    /// counted; and what has changed is written to the log (`InboxChange`).
    /// - Parameter upTo: what the user has read: all up to this id, which need not be named one by one.
    static func settled(
        _ users: [ID], upTo: ID = .zero, _ context: TraceContext = TraceContext(requestID: "")
    ) -> SQL {
        """
        WITH changed AS (
            SELECT n.user_id,
                string_agg(n.key, ' ' ORDER BY n.id) FILTER (WHERE n.id > t.last_id) AS new,
                string_agg(n.key, ' ' ORDER BY n.id) FILTER (WHERE n.id <= t.last_id AND n.id > \(upTo)) AS others
            FROM notifications n JOIN notification_state t ON t.user_id = n.user_id
            WHERE n.user_id = ANY (\(users)::bigint[]) AND n.version > t.version GROUP BY n.user_id),
        gone AS (
            DELETE FROM notifications WHERE user_id = ANY (\(users)::bigint[]) AND count = 0 AND floor = 0),
        settled AS (
            UPDATE notification_state t SET version = t.version + 1, unread = \(unread(of: "t.user_id")),
                last_id = greatest(t.last_id, (SELECT max(n.id) FROM notifications n WHERE n.user_id = t.user_id))
            FROM changed c WHERE t.user_id = c.user_id RETURNING t.user_id),
        told AS (
            SELECT c.user_id AS key, \(InboxChange.headers(user: "c.user_id", upTo: upTo)) AS headers,
                \(InboxChange.payload(new: "c.new", others: "c.others")) AS payload
            FROM settled JOIN changed c ON c.user_id = settled.user_id)
        \(Outbox.statement(topic: InboxChange.topic, InboxChange.Kind.changed.kind, context, of: "told"))
        """
    }

    /// How many groups of a user, an expression of SQL, are unread.
    static func unread(of user: SQL) -> SQL {
        "(SELECT count(*) FROM notifications n WHERE n.user_id = \(user) AND n.count > 0 AND NOT n.read)"
    }

    /// What a block ends: neither is notified of the other any more.
    static func ended(between one: ID, _ other: ID) -> [SQL] {
        let (a, b) = (SQL.parameter(one), SQL.parameter(other))
        let gone: SQL = """
            DELETE FROM notification_causes c
            WHERE c.user_id = \(a) AND c.actor_id = \(b) OR c.user_id = \(b) AND c.actor_id = \(a)
            RETURNING c.user_id, c.key
            """
        return [lockExisting([one, other]), counted(gone), settled([one, other])]
    }
}
