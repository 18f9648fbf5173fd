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
    /// of `follow_counts`; for `feed.updated` the follower's row of `users`;
    /// for `inbox.events` the receiver's row of `notification_state`; for `device.events` the user's row of `delivery_counts`. Of `engagement.events` those of one user and object need an order, and no others: the row of
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

    /// The same for rows that say what differs between their events: `key`, an id; `payload`, a text; `headers`, a JSON object of
    /// texts. The database makes the ids of the events.
    public static func statement(topic: String, _ kind: EventKind, _ context: TraceContext, of rows: SQL) -> SQL {
        let shared = Envelope(kind, eventID: "0", context, payload: [])
        return """
            INSERT INTO outbox (topic, key, payload, headers)
            SELECT \(topic), r.key::text, convert_to(r.payload, 'UTF8'),
                \(FlatJSON.encode(shared.headers))::jsonb || r.headers || jsonb_build_object('event-id', \(uuidV7))
            FROM \(rows) r
            """
    }

    /// As `Core.uuidV7`.
    private static let uuidV7: SQL = """
        (SELECT left(h.ms, 8) || '-' || right(h.ms, 4) || '-7' || substr(gen_random_uuid()::text, 16)
        FROM lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') h (ms)
        WHERE r.key IS NOT NULL)
        """
}
