public import Store

/// The tables of accounts: users with their counters, sessions and their tokens, addresses from which accounts were
/// opened.
public enum AccountsMigrations {
    public static let all = [
        Migration(1, "accounts", first),
        Migration(5, "counters of follows beside the users", followCounts),
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
            19, "private accounts",
            // Posts and whom the user knows are for followers only.
            ["ALTER TABLE users ADD COLUMN private boolean NOT NULL DEFAULT false"]),
        Migration(
            22, "profiles",
            [
                """
                ALTER TABLE users ADD COLUMN status_message text, ADD COLUMN bio text,
                    ADD COLUMN discoverable boolean NOT NULL DEFAULT true,
                    -- BCP 47, and the IANA's name.
                    ADD COLUMN locale text, ADD COLUMN time_zone text
                """
            ]),
        Migration(
            23, "where sessions are used",
            [
                """
                ALTER TABLE sessions
                    -- When it got tokens last, and what the client called itself then.
                    ADD COLUMN seen_at timestamptz, ADD COLUMN client text
                """,
                "CREATE INDEX sessions_by_user ON sessions (user_id, id DESC)",
            ]),
        Migration(
            26, "how often a password was changed",
            ["ALTER TABLE users ADD COLUMN password_changes int NOT NULL DEFAULT 0"]),
        Migration(40, "counters of followers in stripes", followerStripes),
        Migration(
            47, "what is left of those who were erased",
            [
                // A session is nobody's once its user is erased.
                "ALTER TABLE sessions ALTER COLUMN user_id DROP NOT NULL",
                // Keyed hashes of handles that nobody gets any more.
                "CREATE TABLE reserved_handles (hash bytea PRIMARY KEY)",
            ]),
        Migration(
            50, "anonymous accounts, and recovery codes",
            [
                """
                ALTER TABLE users ADD COLUMN anonymous boolean NOT NULL DEFAULT false,
                    -- A keyed hash; NULL: the account has no code.
                    ADD COLUMN recovery_hash bytea
                """
            ]),
        Migration(
            65, "recovery codes, to be looked for",
            [
                "CREATE UNIQUE INDEX IF NOT EXISTS users_recovery ON users (recovery_hash) WHERE recovery_hash IS NOT NULL"
            ]),
        Migration(51, "accounts that are opened by providers", identities),
        Migration(
            52, "when sessions were opened",
            [
                // NULL: before this was written down.
                "ALTER TABLE sessions ADD COLUMN opened_at timestamptz",
                "ALTER TABLE sessions ALTER COLUMN opened_at SET DEFAULT now()",
            ]),
        Migration(30, "who is suspended, is about to be erased, or has a role", standing),
        Migration(32, "the same, to be looked for", standingIndexes),
        Migration(
            63, "who was erased just now",
            [
                """
                CREATE TABLE erased_users (
                    id bigint PRIMARY KEY,
                    at timestamptz NOT NULL DEFAULT now())
                """,
                "CREATE INDEX IF NOT EXISTS users_leaving ON users (erase_at) INCLUDE (id) WHERE erase_at IS NOT NULL",
            ]),
        Migration(121, "the end of all sessions", endOfAll),
    ]

    private static let standingIndexes: [StaticString] = [
        """
        CREATE INDEX IF NOT EXISTS users_away ON users (id)
        WHERE suspended_until IS NOT NULL OR erase_at IS NOT NULL
        """,
        "CREATE INDEX IF NOT EXISTS users_suspended ON users (suspended_until) WHERE suspended_until IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS users_with_role ON users (role, id) WHERE role <> 'user'",
    ]

    private static let identities: [StaticString] = [
        """
        CREATE TABLE identities (
            -- A keyed hash of the provider's issuer and its name for the user.
            subject_hash bytea PRIMARY KEY,
            provider text NOT NULL,
            user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE)
        """,
        "CREATE INDEX identities_by_user ON identities (user_id)",
        // The key of these hashes is the database's own: with another secret of the site people still get in.
        "CREATE TABLE identity_key (is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one), key bytea NOT NULL)",
        """
        INSERT INTO identity_key (key)
        VALUES (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')))
        """,
        // Log-ins by providers that are done; until nobody could do them again.
        "CREATE TABLE used_log_ins (mark bytea PRIMARY KEY, expires_at timestamptz NOT NULL)",
        "CREATE INDEX used_log_ins_age ON used_log_ins (expires_at)",
    ]

    private static let standing: [StaticString] = [
        """
        ALTER TABLE users
            -- Suspended until then; 'infinity': until somebody ends it.
            ADD COLUMN suspended_until timestamptz,
            -- When the user will be erased.
            ADD COLUMN erase_at timestamptz,
            ADD COLUMN role text NOT NULL DEFAULT 'user'
        """,
        // Not looked for in what is there: all of that has the default.
        """
        ALTER TABLE users ADD CONSTRAINT users_role_known CHECK (role IN ('user', 'moderator', 'admin')) NOT VALID
        """,
    ]

    /// What `FollowCounts` counts beside `follow_counts`. A version before counts there only.
    private static let followerStripes: [StaticString] = [
        """
        CREATE TABLE follower_stripes (
            user_id bigint NOT NULL REFERENCES users,
            stripe smallint NOT NULL CHECK (stripe BETWEEN 1 AND 15),
            -- Of one stripe it may be below zero.
            followers bigint NOT NULL,
            PRIMARY KEY (user_id, stripe)) WITH (fillfactor = 50)
        """
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

    /// One row. Sessions up to its id have ended, whatever their rows say: so all end at once, however many there are.
    private static let endOfAll: [StaticString] = [
        """
        CREATE TABLE ended_sessions (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            up_to bigint NOT NULL DEFAULT 0,
            -- How far it is in the sessions' own rows.
            written bigint NOT NULL DEFAULT 0,
            ended_at timestamptz NOT NULL DEFAULT now())
        """,
        "INSERT INTO ended_sessions DEFAULT VALUES",
        """
        CREATE OR REPLACE VIEW live_sessions AS SELECT s.id FROM sessions s
        WHERE s.ended_at IS NULL AND s.id > (SELECT e.up_to FROM ended_sessions e) AND (
            EXISTS (
                SELECT FROM refresh_tokens t
                WHERE t.session_id = s.id AND t.spent_at IS NULL AND t.expires_at > now())
            OR s.tokens_until > now() AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id))
        """,
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
    ]
}
