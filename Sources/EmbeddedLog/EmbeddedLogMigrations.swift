public import Store

/// The event log in PostgreSQL.
public enum EmbeddedLogMigrations {
    public static let all = [
        Migration(2, "embedded event log", embeddedLog)
    ]

    /// Used where PostgreSQL is the event log, by one `serve` process. `next` gives the offsets: the row's lock makes
    /// their order the order of the commits.
    private static let embeddedLog: [StaticString] = [
        """
        CREATE TABLE log_partitions (
            topic text NOT NULL,
            partition int NOT NULL,
            next bigint NOT NULL DEFAULT 0,
            retention_hours int NOT NULL,
            PRIMARY KEY (topic, partition)) WITH (fillfactor = 10)
        """,
        """
        CREATE TABLE log_records (
            topic text NOT NULL,
            partition int NOT NULL,
            log_offset bigint NOT NULL,
            key text NOT NULL,
            value bytea NOT NULL,
            headers jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (topic, partition, log_offset))
        """,
        "CREATE INDEX log_records_age ON log_records USING brin (created_at)",
        """
        CREATE TABLE log_positions (
            consumer_group text NOT NULL,
            topic text NOT NULL,
            partition int NOT NULL,
            next bigint NOT NULL,
            PRIMARY KEY (consumer_group, topic, partition)) WITH (fillfactor = 10)
        """,
    ]
}
