public import Core
public import Store

/// Events written in the transaction of the change that they tell of.
public enum Outbox {
    /// NOTIFY on this channel wakes the relay (`OutboxBell`).
    public static let channel: StaticString = "martlet_outbox"

    /// What belongs into the change's transaction, after the change.
    ///
    /// The relay moves what it sees in the order of ids. For the events of one key to come in the order of their commits,
    /// **whoever writes an event has locked, by an earlier statement of the transaction, a row that all writers of events
    /// of that key lock, and holds it until the commit**. So of two events of a key the second gets its number when the
    /// first is committed. The locks: for `post.events` the author's row of `users`; for `graph.events` the follower's row
    /// of `follow_counts`; for `feed.updated` the follower's row of `users`. Of `engagement.events` those of one user and object need an order, and no others: the row of
    /// the like, vote or comment, which a new one has to itself, and whoever edits or deletes it has locked. Votes of a poll share
    /// its row, which its close has to itself.
    public static func statement(topic: String, key: ID, _ event: Envelope) -> SQL {
        """
        INSERT INTO outbox (topic, key, payload, headers)
        VALUES (\(topic), \(key.description), \(event.payload), \(FlatJSON.encode(event.headers)))
        """
    }

    /// The same as a part of a statement that tells of what another part of it did: once for each of that part's rows.
    public static func statement(topic: String, key: ID, _ event: Envelope, forEachOf rows: SQL) -> SQL {
        """
        INSERT INTO outbox (topic, key, payload, headers)
        SELECT \(topic), \(key.description), \(event.payload), \(FlatJSON.encode(event.headers)) FROM \(rows)
        """
    }
}
