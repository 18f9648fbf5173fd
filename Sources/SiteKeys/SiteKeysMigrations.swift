public import Store

/// What is kept of the site's secrets and keys. None of it opens anything without a secret.
public enum SiteKeysMigrations {
    public static let all = [
        Migration(
            120, "secrets that rotate",
            [
                """
                CREATE TABLE kept_keys (
                    name text NOT NULL,
                    -- Of the secret that has sealed it.
                    mark bytea NOT NULL,
                    sealed bytea NOT NULL,
                    -- Of the key, whichever secret has sealed it since.
                    made_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (name, mark))
                """,
                """
                CREATE TABLE public_keys (
                    purpose text NOT NULL,
                    key bytea NOT NULL,
                    made_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (purpose, key))
                """,
                // Marks of secrets: none can be computed back.
                """
                CREATE TABLE secrets_in_use (
                    process text PRIMARY KEY,
                    -- Its role, host and number, for people.
                    title text NOT NULL,
                    signs bytea NOT NULL,
                    accepts bytea[] NOT NULL,
                    seen_at timestamptz NOT NULL DEFAULT now())
                """,
                """
                CREATE TABLE signing_secrets (
                    mark bytea PRIMARY KEY,
                    since timestamptz NOT NULL DEFAULT now(),
                    seen_at timestamptz NOT NULL DEFAULT now())
                """,
            ])
    ]
}
