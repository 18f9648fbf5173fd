public import Store

/// The outbox.
public enum OutboxMigrations {
    public static let all = [
        Migration(1, "outbox", first),
        Migration(
            4, "when an event came into the outbox",
            ["ALTER TABLE outbox ADD COLUMN created_at timestamptz NOT NULL DEFAULT now()"]),
        Migration(
            6, "the outbox by number",
            // The relay reads in the order of ids; that of a version before goes on with the primary key.
            ["CREATE UNIQUE INDEX outbox_by_id ON outbox (id)"]),
    ]

    private static let first: [StaticString] = [
        // Insert only. Read in the order of ids (`Outbox.statement`); xid is what versions before read by.
        """
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            topic text NOT NULL,
            key text NOT NULL,
            payload bytea NOT NULL,
            headers jsonb NOT NULL,
            PRIMARY KEY (xid, id))
        """
    ]
}
