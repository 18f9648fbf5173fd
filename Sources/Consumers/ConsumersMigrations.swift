public import Store

/// Records that a group could not handle.
public enum ConsumersMigrations {
    public static let all = [
        Migration(107, "parked records", parked), Migration(108, "dead letters", deadLetters),
        Migration(109, "redrives", redrives),
    ]

    /// Those of a partition belong to the member of the group that has it. `frame`: key and headers, which need not be text;
    /// `is_new`: the member does not know of it yet.
    private static let parked: [StaticString] = [
        """
        CREATE TABLE parked_records (
            consumer_group text NOT NULL,
            topic text NOT NULL,
            partition int NOT NULL,
            log_offset bigint NOT NULL,
            frame bytea NOT NULL,
            value bytea NOT NULL,
            attempts int NOT NULL,
            due_at timestamptz NOT NULL,
            failed_at timestamptz NOT NULL,
            reason text NOT NULL,
            is_new boolean NOT NULL DEFAULT false,
            PRIMARY KEY (consumer_group, topic, partition, log_offset)) WITH (fillfactor = 70)
        """,
        """
        CREATE INDEX parked_records_new ON parked_records (consumer_group, topic, partition) WHERE is_new
        """,
    ]

    private static let deadLetters: [StaticString] = [
        """
        CREATE TABLE dead_letters (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            consumer_group text NOT NULL,
            topic text NOT NULL,
            partition int NOT NULL,
            log_offset bigint NOT NULL,
            frame bytea NOT NULL,
            value bytea NOT NULL,
            attempts int NOT NULL,
            failed_at timestamptz NOT NULL,
            died_at timestamptz NOT NULL,
            reason text NOT NULL,
            error text NOT NULL,
            provider text,
            redriven_at timestamptz,
            redrives int NOT NULL DEFAULT 0,
            UNIQUE (consumer_group, topic, partition, log_offset))
        """,
        "CREATE INDEX dead_letters_waiting ON dead_letters (id) WHERE redriven_at IS NULL",
        "CREATE INDEX dead_letters_age ON dead_letters (died_at)",
    ]

    /// What of the dead letters is to go back to its groups, some each second. A filter that is NULL chooses all.
    private static let redrives: [StaticString] = [
        """
        CREATE TABLE redrives (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            consumer_group text,
            reason text,
            provider text,
            ids bigint[],
            died_after timestamptz NOT NULL,
            died_before timestamptz NOT NULL,
            most_redrives int NOT NULL,
            rate int NOT NULL,
            moved bigint NOT NULL DEFAULT 0,
            next_at timestamptz NOT NULL DEFAULT '-infinity',
            done_at timestamptz)
        """,
        "CREATE INDEX redrives_open ON redrives (id) WHERE done_at IS NULL",
    ]
}
