public import Store

/// Stored answers of writes.
public enum IdempotencyMigrations {
    public static let all = [
        Migration(1, "idempotency", first),
        Migration(
            15, "the session that an idempotent answer opened",
            // NULL: the answer opened none, or a version before has written it.
            ["ALTER TABLE idempotency_keys ADD COLUMN session_id bigint"]),
        Migration(
            49, "idempotent answers by session",
            [
                """
                CREATE INDEX IF NOT EXISTS idempotency_keys_by_session ON idempotency_keys (session_id) WHERE session_id IS NOT NULL
                """
            ]),
    ]

    private static let first: [StaticString] = [
        """
        CREATE TABLE idempotency_keys (
            user_id bigint NOT NULL,
            route text NOT NULL,
            key text NOT NULL,
            request_hash bytea NOT NULL,
            response bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, route, key))
        """,
        "CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)",
    ]
}
