import Store

/// The tables of exports.
enum ExportsMigrations {
    static let all = [
        Migration(
            54, "exports of accounts",
            [
                """
                CREATE TABLE exports (
                    id bigint PRIMARY KEY,
                    user_id bigint NOT NULL REFERENCES users,
                    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'ready', 'failed')),
                    requested_at timestamptz NOT NULL DEFAULT now(),
                    -- Which file is being gathered, from which position on; NULL: none yet, or all are.
                    file text,
                    position bigint NOT NULL DEFAULT 0,
                    -- What was gathered: how many parts, and their bytes.
                    parts int NOT NULL DEFAULT 0,
                    bytes bigint NOT NULL DEFAULT 0,
                    gathered boolean NOT NULL DEFAULT false,
                    -- Of the archive.
                    length bigint,
                    -- Which process has it, and until when if it says nothing more.
                    worker text,
                    attempts bigint NOT NULL DEFAULT 0,
                    leased_until timestamptz,
                    -- From then on there is nothing left of it.
                    expires_at timestamptz)
                """,
                "CREATE UNIQUE INDEX exports_open ON exports (user_id) WHERE state IN ('waiting', 'running')",
                "CREATE INDEX exports_waiting ON exports (requested_at) WHERE state IN ('waiting', 'running')",
                "CREATE INDEX exports_by_user ON exports (user_id, id DESC)",
                "CREATE INDEX exports_expiring ON exports (expires_at) WHERE expires_at IS NOT NULL",
                // Lines of the files, in the order in which they were gathered, until they are in the archive.
                """
                CREATE TABLE export_parts (
                    export_id bigint NOT NULL REFERENCES exports ON DELETE CASCADE,
                    number int NOT NULL,
                    file text NOT NULL,
                    lines int NOT NULL,
                    bytes bytea NOT NULL,
                    PRIMARY KEY (export_id, number))
                """,
                // The archive: each has the same size but the last. They are compressed already.
                """
                CREATE TABLE export_chunks (
                    export_id bigint NOT NULL REFERENCES exports ON DELETE CASCADE,
                    number int NOT NULL,
                    bytes bytea NOT NULL,
                    PRIMARY KEY (export_id, number))
                """,
                "ALTER TABLE export_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL",
            ])
    ]
}
