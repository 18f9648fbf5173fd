public import Core
public import Store

/// Changes of posts that are not in all feeds yet, as far as that is written down: `open_changes`. So what the event log
/// forgets is found, and brought to feeds anew (`OpenChange.event`).
///
/// An edit and a deletion are rows from their own transaction on; who brings them to feeds takes the row away. New posts are far
/// more, and their arrival leaves a trace by itself; they are rows only when that is missing.
public enum OpenChanges {
    /// Seconds before it is looked at again, doubled each time; an hour at most.
    private static let pause: Int64 = 60

    /// In the transaction of the change, behind the locks of the post and of its author.
    static func begun(_ event: Envelope) -> SQL {
        """
        INSERT INTO open_changes AS c (post_id, kind, author_id, event_id, tags, begun_at, due_at)
        VALUES (\(event[.post] ?? .zero), \(event.kind.name), \(event[.author] ?? .zero), \(event.eventID),
            \(event.tags)::text[], now(), now())
        ON CONFLICT (post_id, kind) DO UPDATE SET event_id = excluded.event_id, begun_at = excluded.begun_at, tries = 0,
            due_at = excluded.due_at,
            tags = ARRAY(SELECT unnest(excluded.tags) UNION SELECT unnest(c.tags) LIMIT 100)
        """
    }

    /// New posts that did not arrive.
    /// - Parameters:
    ///   - posts: a statement with `id, author_id`.
    ///   - seconds: for how long they have been under way.
    public static func late(_ posts: SQL, for seconds: Int) -> SQL {
        """
        INSERT INTO open_changes (post_id, kind, author_id, event_id, tags, begun_at, due_at)
        SELECT l.id, \(PostEvent.created.rawValue), l.author_id, '', '{}',
            now() - make_interval(secs => \(seconds)::int), now()
        FROM (\(posts)) l
        ON CONFLICT (post_id, kind) DO NOTHING
        """
    }

    /// Takes them for itself until the commit, before anything else that it locks.
    public static func lock(_ events: [(post: ID, kind: PostEvent, event: String)]) -> SQL {
        """
        SELECT c.post_id FROM open_changes c JOIN \(rows(events)) ON c.post_id = e.post AND c.kind = e.kind
        ORDER BY c.post_id, c.kind FOR UPDATE OF c
        """
    }

    /// They are in all feeds; a later one of the same kind may not be.
    /// - Parameter isElsewhere: whether another part of the row `c` is under way.
    public static func ended(_ events: [(post: ID, kind: PostEvent, event: String)], unless isElsewhere: SQL) -> SQL {
        """
        DELETE FROM open_changes c USING \(rows(events))
        WHERE c.post_id = e.post AND c.kind = e.kind AND c.event_id = e.event AND NOT \(isElsewhere)
        """
    }

    private static func rows(_ events: [(post: ID, kind: PostEvent, event: String)]) -> SQL {
        """
        unnest(\(events.map(\.post))::bigint[], \(events.map(\.kind.rawValue))::text[], \(events.map(\.event))::text[])
            e (post, kind, event)
        """
    }

    // MARK: Of those that are late

    /// A row `wait`: are some not in feeds yet that have been under way for longer than is usual?
    public static let wait: SQL =
        "SELECT EXISTS (SELECT FROM open_changes WHERE begun_at < now() - interval '10 seconds') AS wait"

    /// How many have been under way for more than two minutes; 10,000 are as many as there can be.
    public static let overdue: SQL = """
        SELECT count(*) FROM (
            SELECT FROM open_changes WHERE begun_at < now() - interval '2 minutes' LIMIT 10000) c
        """

    /// Those whose turn it is, the oldest first.
    /// - Parameter seconds: for which they have been under way.
    public static func due(olderThan seconds: Int, limit: Int) -> SQL {
        """
        SELECT post_id, kind, author_id FROM open_changes
        WHERE due_at <= now() AND begun_at <= now() - make_interval(secs => \(seconds)::int)
        ORDER BY due_at, post_id, kind LIMIT \(limit)
        """
    }

    /// The same, for this transaction alone. Their authors are locked, for an edit locks its author first.
    public static func take(_ posts: [ID]) -> SQL {
        """
        SELECT c.post_id, c.kind, c.author_id, c.event_id, array_to_string(c.tags, ' ') AS tags, c.tries
        FROM open_changes c WHERE c.post_id = ANY (\(posts)::bigint[]) AND c.due_at <= now()
        ORDER BY c.post_id, c.kind FOR UPDATE SKIP LOCKED
        """
    }

    /// They were told once more.
    public static func repeated(_ changes: [OpenChange]) -> SQL {
        """
        UPDATE open_changes c SET tries = c.tries + 1,
            due_at = now() + make_interval(secs => least(3600, \(pause)::int * 2 ^ least(c.tries, 6)))
        FROM unnest(\(changes.map(\.post))::bigint[], \(changes.map(\.kind.rawValue))::text[]) e (post, kind)
        WHERE c.post_id = e.post AND c.kind = e.kind
        """
    }

    public static func dropped(_ changes: [OpenChange]) -> SQL {
        """
        DELETE FROM open_changes c
        USING unnest(\(changes.map(\.post))::bigint[], \(changes.map(\.kind.rawValue))::text[]) e (post, kind)
        WHERE c.post_id = e.post AND c.kind = e.kind
        """
    }
}
