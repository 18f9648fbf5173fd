public import Store

/// Which formats are enabled, and which processes there are.
public enum FormatMigrations {
    public static let all = [
        Migration(
            17, "formats, and the processes that read them",
            [
                "CREATE TABLE formats (name text PRIMARY KEY, enabled_at timestamptz NOT NULL DEFAULT now())",
                """
                CREATE TABLE processes (
                    id text PRIMARY KEY,
                    role text NOT NULL,
                    version text NOT NULL,
                    host text NOT NULL,
                    pid int NOT NULL,
                    -- Names of those that it reads.
                    formats text[] NOT NULL,
                    seen_at timestamptz NOT NULL DEFAULT now())
                """,
            ])
    ]
}
