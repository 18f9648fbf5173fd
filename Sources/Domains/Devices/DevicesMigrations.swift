import Store

/// The tables of devices and of what was sent to them.
enum DevicesMigrations {
    static let all = [
        Migration(
            102, "devices",
            [
                """
                CREATE TABLE devices (
                    user_id bigint NOT NULL REFERENCES users,
                    id bigint NOT NULL,
                    -- With which it ends.
                    session_id bigint NOT NULL REFERENCES sessions ON DELETE CASCADE,
                    kind text NOT NULL CHECK (kind IN ('webpush', 'apns', 'fcm', 'webhook')),
                    -- A keyed hash of where it is; of a webhook with the user.
                    mark bytea NOT NULL,
                    -- Where it is, and its secrets.
                    sealed bytea NOT NULL,
                    name text,
                    locale text,
                    -- Attempts that failed since the last success.
                    failures int NOT NULL DEFAULT 0,
                    last_success timestamptz,
                    -- Since when there is nothing any more where it was.
                    gone_at timestamptz,
                    PRIMARY KEY (user_id, id)) WITH (fillfactor = 80)
                """,
                "CREATE UNIQUE INDEX devices_by_mark ON devices (mark)",
                "CREATE INDEX devices_by_session ON devices (session_id)",
            ]),
        Migration(
            103, "keys of Web Push",
            [
                """
                CREATE TABLE push_keys (
                    -- Of the site's secret: another one can't open what this one has sealed.
                    mark bytea PRIMARY KEY,
                    sealed bytea NOT NULL)
                """
            ]),
        Migration(104, "deliveries", [counts, deliveries, waiting, dead, done] + partitions),
        Migration(
            110, "test pushes",
            [
                """
                ALTER TABLE delivery_counts
                    -- In the hour from then on.
                    ADD COLUMN tests int NOT NULL DEFAULT 0,
                    ADD COLUMN tests_since timestamptz
                """
            ]),
        Migration(
            111, "how often a device is pushed to about one group of notifications",
            [
                """
                CREATE TABLE push_paces (
                    user_id bigint NOT NULL REFERENCES users,
                    device_id bigint NOT NULL,
                    -- Of the group.
                    key text NOT NULL,
                    passed_id bigint,
                    waiting_id bigint,
                    pushes int NOT NULL,
                    -- None before then.
                    next_at timestamptz NOT NULL,
                    PRIMARY KEY (user_id, device_id, key)) WITH (fillfactor = 70)
                """,
                "CREATE INDEX push_paces_by_time ON push_paces (next_at)",
            ]),
        // NULL: when it was made. A process of the version before does not set it.
        Migration(
            113, "when a device was registered last", ["ALTER TABLE devices ADD COLUMN registered_at timestamptz"]),
        Migration(
            116, "tokens of Apple's keys",
            [
                """
                CREATE TABLE push_tokens (
                    -- Of the key and the site's secret.
                    mark bytea PRIMARY KEY,
                    sealed bytea NOT NULL,
                    made_at timestamptz NOT NULL)
                """
            ]),
        Migration(
            117, "deliveries by their turn",
            [
                """
                CREATE INDEX IF NOT EXISTS deliveries_by_turn ON deliveries (due_at, user_id, device_id)
                WHERE state = 'waiting'
                """, "DROP INDEX IF EXISTS deliveries_waiting",
            ]),
        Migration(
            122, "which secret has sealed a device",
            [
                // NULL: a process of the version before has, or nobody knows.
                "ALTER TABLE devices ADD COLUMN sealed_by bytea",
                "ALTER TABLE push_keys ADD COLUMN made_at timestamptz NOT NULL DEFAULT now()",
                "CREATE INDEX IF NOT EXISTS devices_by_seal ON devices (sealed_by)",
            ]),
    ]

    private static let counts: StaticString = """
        CREATE TABLE delivery_counts (
            user_id bigint PRIMARY KEY REFERENCES users,
            consumed bigint NOT NULL DEFAULT 0,
            waiting bigint NOT NULL DEFAULT 0,
            delivered bigint NOT NULL DEFAULT 0,
            dead bigint NOT NULL DEFAULT 0,
            expired bigint NOT NULL DEFAULT 0,
            invalidated bigint NOT NULL DEFAULT 0,
            suppressed bigint NOT NULL DEFAULT 0,
            -- Of each those whose rows are old and gone.
            old_delivered bigint NOT NULL DEFAULT 0,
            old_dead bigint NOT NULL DEFAULT 0,
            old_expired bigint NOT NULL DEFAULT 0,
            old_invalidated bigint NOT NULL DEFAULT 0,
            old_suppressed bigint NOT NULL DEFAULT 0,
            CONSTRAINT delivery_counts_balanced
                CHECK (consumed = waiting + delivered + dead + expired + invalidated + suppressed)) WITH (fillfactor = 50)
        """

    private static let deliveries: StaticString = """
        CREATE TABLE deliveries (
            user_id bigint NOT NULL,
            device_id bigint NOT NULL,
            notification_id bigint NOT NULL,
            type text NOT NULL,
            state text NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'delivered', 'dead', 'expired', 'invalidated', 'suppressed')),
            reason text,
            attempts int NOT NULL DEFAULT 0,
            -- Of HTTP, at the last attempt.
            last_status int,
            -- When it got into its state, or was parked.
            at timestamptz NOT NULL DEFAULT now(),
            -- Not before then.
            due_at timestamptz,
            PRIMARY KEY (user_id, device_id, notification_id)) PARTITION BY HASH (user_id)
        """

    private static let waiting: StaticString =
        "CREATE INDEX deliveries_waiting ON deliveries (due_at) WHERE state = 'waiting'"
    private static let dead: StaticString = "CREATE INDEX deliveries_dead ON deliveries (at) WHERE state = 'dead'"
    private static let done: StaticString =
        "CREATE INDEX deliveries_done ON deliveries (at) WHERE state NOT IN ('waiting', 'dead')"

    private static let partitions: [StaticString] = [
        "CREATE TABLE deliveries_0 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 0)",
        "CREATE TABLE deliveries_1 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 1)",
        "CREATE TABLE deliveries_2 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 2)",
        "CREATE TABLE deliveries_3 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 3)",
        "CREATE TABLE deliveries_4 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 4)",
        "CREATE TABLE deliveries_5 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 5)",
        "CREATE TABLE deliveries_6 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 6)",
        "CREATE TABLE deliveries_7 PARTITION OF deliveries FOR VALUES WITH (MODULUS 8, REMAINDER 7)",
    ]
}
