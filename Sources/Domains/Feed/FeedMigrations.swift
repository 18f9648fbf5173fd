public import Store

/// Stored feeds, and how far the fan-out of large authors is.
public enum FeedMigrations {
    public static let all = [
        Migration(1, "feeds", first),
        Migration(123, "the mark in Redis", mark),
        Migration(124, "turns of the audit of feeds", turns),
        Migration(126, "how far arrivals were looked for", marks),
    ]

    private static let marks: [StaticString] = [
        // Up to which post it was looked whether they are in feeds, so many seconds behind them (`Arrivals`).
        "CREATE TABLE fanout_marks (seconds int PRIMARY KEY, position bigint NOT NULL)",
        """
        INSERT INTO fanout_marks
        SELECT seconds, (SELECT COALESCE(max(id), 0) FROM posts) FROM unnest(ARRAY[30, 900]) AS s (seconds)
        """,
    ]

    private static let first: [StaticString] = [
        """
        CREATE TABLE feed_items (
            user_id bigint NOT NULL,
            post_id bigint NOT NULL,
            author_id bigint NOT NULL,
            PRIMARY KEY (user_id, post_id)) PARTITION BY HASH (user_id)
        """,
        "CREATE TABLE feed_items_0 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 0)",
        "CREATE TABLE feed_items_1 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 1)",
        "CREATE TABLE feed_items_2 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 2)",
        "CREATE TABLE feed_items_3 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 3)",
        "CREATE TABLE feed_items_4 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 4)",
        "CREATE TABLE feed_items_5 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 5)",
        "CREATE TABLE feed_items_6 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 6)",
        "CREATE TABLE feed_items_7 PARTITION OF feed_items FOR VALUES WITH (MODULUS 8, REMAINDER 7)",
        // From which post id on feed_items holds everything of this user's feed. No row: from the start.
        """
        CREATE TABLE feed_metadata (
            user_id bigint PRIMARY KEY REFERENCES users,
            complete_from bigint NOT NULL)
        """,
        // One row for each chunk that is not finished: where it goes on after a crash.
        """
        CREATE TABLE fanout_progress (
            post_id bigint NOT NULL,
            type text NOT NULL,
            bucket_from smallint NOT NULL,
            author_id bigint NOT NULL,
            next_bucket smallint NOT NULL,
            next_follower bigint NOT NULL DEFAULT 0,
            delivered bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (post_id, type, bucket_from)) WITH (fillfactor = 50)
        """,
        "CREATE INDEX fanout_progress_by_author ON fanout_progress (author_id)",
    ]

    /// The highest that Redis has acknowledged: one row.
    private static let mark: [StaticString] = [
        "CREATE TABLE redis_mark (is_here boolean PRIMARY KEY DEFAULT true CHECK (is_here), mark bigint NOT NULL)",
        "INSERT INTO redis_mark (mark) VALUES (0)",
    ]

    /// From which user's id on the slow audit of feeds goes on, and whose turn it is until when: one row.
    private static let turns: [StaticString] = [
        """
        CREATE TABLE feed_audit (
            is_here boolean PRIMARY KEY DEFAULT true CHECK (is_here),
            place bigint NOT NULL DEFAULT 0,
            process text NOT NULL DEFAULT '',
            ends timestamptz NOT NULL DEFAULT '-infinity')
        """,
        "INSERT INTO feed_audit DEFAULT VALUES",
    ]
}
