public import Store

/// The schema of PostgreSQL, which is the truth. Ids are Martlet's 53-bit ids; a row's time is in its id.
public enum Schema {
    public static let migrations = [
        Migration(1, "accounts, graph, posts, outbox, feeds", first),
        Migration(2, "embedded event log", embeddedLog),
        Migration(
            3, "the author's latest post",
            [
                "ALTER TABLE users ADD COLUMN last_post bigint NOT NULL DEFAULT 0",
                """
                UPDATE users SET last_post = p.id
                FROM (SELECT author_id, max(id) AS id FROM posts GROUP BY author_id) p WHERE p.author_id = users.id
                """,
            ]),
        Migration(
            4, "when an event came into the outbox",
            ["ALTER TABLE outbox ADD COLUMN created_at timestamptz NOT NULL DEFAULT now()"]),
        Migration(5, "counters of follows beside the users", followCounts),
        Migration(
            6, "the outbox by number",
            // The relay reads in the order of ids; that of a version before goes on with the primary key.
            ["CREATE UNIQUE INDEX outbox_by_id ON outbox (id)"]),
        Migration(
            7, "answers to a refresh",
            // What the first refresh with this token was answered, sealed; for half a minute.
            ["ALTER TABLE refresh_tokens ADD COLUMN answer bytea"]),
        Migration(
            8, "answers to a refresh, by age",
            ["CREATE INDEX refresh_tokens_answered ON refresh_tokens (spent_at) WHERE answer IS NOT NULL"]),
        Migration(
            9, "refresh tokens by session",
            ["CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id, spent_at)"]),
        Migration(
            10, "refresh tokens by their end",
            [
                "CREATE INDEX refresh_tokens_unspent ON refresh_tokens (expires_at) WHERE spent_at IS NULL",
                "CREATE INDEX refresh_tokens_spent ON refresh_tokens (expires_at) WHERE spent_at IS NOT NULL",
            ]),
        Migration(11, "until when the tokens of a session without refresh live", tokensUntil),
        Migration(12, "the same for sessions from before", tokensUntilBefore),
        Migration(13, "sessions that live", [liveSessions]),
        Migration(14, "addresses that opened an account", knownAddresses),
        Migration(
            15, "the session that an idempotent answer opened",
            // NULL: the answer opened none, or a version before has written it.
            ["ALTER TABLE idempotency_keys ADD COLUMN session_id bigint"]),
    ]

    /// Of a session of the operator's tools, which has no refresh token: when its access token ends. NULL for all others.
    /// A version before does not say: its longest token lives for 100 days.
    private static let tokensUntil: [StaticString] = [
        "ALTER TABLE sessions ADD COLUMN tokens_until timestamptz",
        "ALTER TABLE sessions ALTER COLUMN tokens_until SET DEFAULT now() + interval '100 days'",
    ]

    /// A session's id has its time, milliseconds since 2026-01-01 (UTC), above 12 bits, and in six of these its node: 62 and
    /// 63 are the operator's tools. All others without a refresh token are log-ins whose last one is forgotten, which is so
    /// a day after its end, or have outlived the longest token; no access token of theirs is left.
    private static let tokensUntilBefore: [StaticString] = [
        """
        UPDATE sessions s SET tokens_until = to_timestamp(1767225600 + (s.id >> 12) / 1000.0) + interval '100 days'
        WHERE s.tokens_until IS NULL AND s.id >> 12 > (extract(epoch FROM now()) - 1767225600 - 8640000) * 1000
            AND (s.id >> 6) & 63 IN (62, 63)
            AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id)
        """,
        """
        UPDATE sessions s SET ended_at = now() - interval '1 day' WHERE s.tokens_until IS NULL AND s.ended_at IS NULL
            AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id)
        """,
        "CREATE INDEX sessions_tokens_until ON sessions (tokens_until) WHERE tokens_until IS NOT NULL",
    ]

    /// A session lives until somebody ends it, and no longer than its last refresh token; one without, no longer than its
    /// access token.
    private static let liveSessions: StaticString = """
        CREATE VIEW live_sessions AS SELECT s.id FROM sessions s
        WHERE s.ended_at IS NULL AND (
            EXISTS (
                SELECT FROM refresh_tokens t
                WHERE t.session_id = s.id AND t.spent_at IS NULL AND t.expires_at > now())
            OR s.tokens_until > now() AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id))
        """

    private static let knownAddresses: [StaticString] = [
        """
        CREATE TABLE known_addresses (
            user_id bigint NOT NULL REFERENCES users,
            -- A keyed hash of handle and address: who has the table alone learns no address.
            address bytea NOT NULL,
            seen_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, address))
        """,
        "CREATE INDEX known_addresses_age ON known_addresses (seen_at)",
    ]

    /// A follow must not lock the author's row, which orders the author's posts. A version that counts in `users` may
    /// still run: its counts are passed on. `users.followers` and `users.following` are read by nobody else.
    private static let followCounts: [StaticString] = [
        """
        CREATE TABLE follow_counts (
            user_id bigint PRIMARY KEY,
            followers bigint NOT NULL DEFAULT 0,
            following bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50)
        """,
        """
        CREATE FUNCTION pass_on_follow_counts() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            more_followers bigint := NEW.followers;
            more_following bigint := NEW.following;
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                more_followers := more_followers - OLD.followers;
                more_following := more_following - OLD.following;
            END IF;
            INSERT INTO follow_counts AS c (user_id, followers, following)
            VALUES (NEW.id, more_followers, more_following)
            ON CONFLICT (user_id) DO UPDATE
            SET followers = c.followers + excluded.followers, following = c.following + excluded.following;
            RETURN NULL;
        END $$
        """,
        // The triggers first: they wait for whoever writes users, and nobody counts between them and the copy.
        """
        CREATE TRIGGER pass_on_updated_counts AFTER UPDATE OF followers, following ON users
        FOR EACH ROW EXECUTE FUNCTION pass_on_follow_counts()
        """,
        """
        CREATE TRIGGER pass_on_first_counts AFTER INSERT ON users
        FOR EACH ROW WHEN (NEW.followers <> 0 OR NEW.following <> 0) EXECUTE FUNCTION pass_on_follow_counts()
        """,
        "INSERT INTO follow_counts (user_id, followers, following) SELECT id, followers, following FROM users",
        "ALTER TABLE follow_counts ADD FOREIGN KEY (user_id) REFERENCES users",
    ]

    private static let first: [StaticString] = [
        """
        CREATE TABLE users (
            id bigint PRIMARY KEY,
            handle text NOT NULL,
            display_name text NOT NULL,
            password_hash text NOT NULL,
            followers bigint NOT NULL DEFAULT 0,
            following bigint NOT NULL DEFAULT 0,
            posts bigint NOT NULL DEFAULT 0,
            -- In how many slices a post of this user is fanned out; changed by the planner only.
            fanout_slices int NOT NULL DEFAULT 1,
            CONSTRAINT users_handle_key UNIQUE (handle)) WITH (fillfactor = 80)
        """,
        """
        CREATE TABLE sessions (
            id bigint PRIMARY KEY,
            user_id bigint NOT NULL REFERENCES users,
            ended_at timestamptz)
        """,
        "CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL",
        """
        CREATE TABLE refresh_tokens (
            hash bytea PRIMARY KEY,
            session_id bigint NOT NULL REFERENCES sessions ON DELETE CASCADE,
            expires_at timestamptz NOT NULL,
            spent_at timestamptz)
        """,
        // The key is the order in which a fan-out reads: a slice of an author's followers is one range scan.
        """
        CREATE TABLE follows (
            followee bigint NOT NULL REFERENCES users,
            bucket smallint NOT NULL,
            follower bigint NOT NULL REFERENCES users,
            id bigint NOT NULL,
            -- False until the followee's older posts are in the follower's feed.
            backfilled boolean NOT NULL DEFAULT false,
            PRIMARY KEY (followee, bucket, follower))
        """,
        "CREATE INDEX follows_to_backfill ON follows (id) WHERE NOT backfilled",
        "CREATE INDEX follows_by_followee ON follows (followee, id DESC) INCLUDE (follower)",
        "CREATE INDEX follows_by_follower ON follows (follower, id DESC) INCLUDE (followee)",
        "CREATE INDEX follows_pair ON follows (follower, followee)",
        """
        CREATE TABLE posts (
            id bigint PRIMARY KEY,
            author_id bigint NOT NULL REFERENCES users,
            text text NOT NULL,
            deleted_at timestamptz)
        """,
        "CREATE INDEX posts_by_author ON posts (author_id, id DESC) WHERE deleted_at IS NULL",
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
        """,
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
