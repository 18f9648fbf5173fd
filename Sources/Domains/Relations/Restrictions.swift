import Core
import Store

/// Blocks and mutes, for the statements of this domain. Users are expressions of SQL; NULL has none.
enum Restrictions {
    /// Has the viewer blocked the other?
    static func blocks(_ viewer: SQL, _ other: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM relations known
            WHERE known.owner = \(viewer) AND known.other = \(other) AND known.kind = 'block')
        """
    }

    /// Has the other blocked the viewer? Looked up for each other one (OFFSET 0): all who have blocked the viewer may be many,
    /// which is nobody's to decide but theirs.
    static func isBlocked(_ viewer: SQL, by other: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM relations known
            WHERE known.owner = \(other) AND known.other = \(viewer) AND known.kind = 'block' OFFSET 0)
        """
    }

    /// Has one muted the other? A mute with an end is none any more when that has come.
    static func mutes(_ owner: SQL, _ other: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM relations known
            WHERE known.owner = \(owner) AND known.other = \(other) AND known.kind = 'mute'
                AND (known.until IS NULL OR known.until > now()))
        """
    }

    /// The same, where the mute keeps out notifications, too.
    static func mutesNotifications(_ owner: SQL, _ other: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM relations known
            WHERE known.owner = \(owner) AND known.other = \(other) AND known.kind = 'mute' AND known.notifications
                AND (known.until IS NULL OR known.until > now()))
        """
    }

    /// Rows `id`: with whom the viewer has a block, either way; `limit` of them at most.
    static func blocked(with viewer: ID, limit: Int) -> SQL {
        """
        (SELECT other AS id FROM relations WHERE owner = \(viewer) AND kind = 'block' LIMIT \(limit))
        UNION (SELECT owner FROM relations WHERE other = \(viewer) AND kind = 'block' LIMIT \(limit)) LIMIT \(limit)
        """
    }

    /// Rows `owner, other`: who mutes one of these now.
    static func muters(of others: [ID]) -> SQL {
        """
        SELECT owner, other FROM relations
        WHERE other = ANY (\(others)::bigint[]) AND kind = 'mute' AND (until IS NULL OR until > now())
        """
    }

    /// Rows `author, other`: each of these with whom he has blocked, or who has blocked him.
    static func blocks(of users: [ID]) -> SQL {
        """
        SELECT owner AS author, other FROM relations WHERE owner = ANY (\(users)::bigint[]) AND kind = 'block'
        UNION ALL SELECT other, owner FROM relations WHERE other = ANY (\(users)::bigint[]) AND kind = 'block'
        """
    }

    /// Rows `other, id, until`: those that one has made, but for mutes that have ended.
    static func list(of owner: ID, _ kind: String) -> SQL {
        """
        SELECT other, id, until FROM relations
        WHERE owner = \(owner) AND kind = \(kind) AND (until IS NULL OR until > now())
        """
    }

    static func removed(_ owner: ID, _ other: ID, _ kind: String) -> SQL {
        "DELETE FROM relations WHERE owner = \(owner) AND other = \(other) AND kind = \(kind)"
    }

    /// Mutes that have ended; some at a time. What another process is about to remove is left to it.
    static let expired: SQL = """
        DELETE FROM relations WHERE (owner, other, kind) IN (
            SELECT owner, other, kind FROM relations WHERE until < now() ORDER BY until LIMIT 1000
            FOR UPDATE SKIP LOCKED)
        """
}
