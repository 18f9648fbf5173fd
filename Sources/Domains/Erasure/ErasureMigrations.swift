import Store

/// The tables of deletions.
enum ErasureMigrations {
    static let all = [
        Migration(
            48, "deletions of accounts",
            [
                """
                CREATE TABLE deletions (
                    id bigint PRIMARY KEY,
                    -- SHA-256 of what opens the receipt.
                    key_hash bytea NOT NULL,
                    -- NULL once it is done: nothing says whose it was.
                    user_id bigint UNIQUE,
                    state text NOT NULL DEFAULT 'scheduled' CHECK (state IN ('scheduled', 'running', 'done')),
                    erase_at timestamptz NOT NULL,
                    done_at timestamptz,
                    -- Which eraser has it, and until when if it says nothing more.
                    eraser text,
                    leased_until timestamptz)
                """,
                "CREATE INDEX deletions_open ON deletions (erase_at) WHERE state <> 'done'",
                """
                CREATE TABLE deletion_stores (
                    deletion_id bigint NOT NULL REFERENCES deletions ON DELETE CASCADE,
                    name text NOT NULL,
                    -- In the order in which they are emptied.
                    place int NOT NULL,
                    removed bigint NOT NULL DEFAULT 0,
                    -- Still there when it was counted last; NULL: it can't be counted.
                    remaining bigint,
                    checked_at timestamptz NOT NULL DEFAULT now(),
                    -- Where a pass goes on; NULL: it is at its end.
                    position bigint DEFAULT 0,
                    -- Of what forgets by itself.
                    kept_hours int,
                    why text,
                    PRIMARY KEY (deletion_id, name))
                """,
            ]),
        Migration(
            55, "deletions that are looked at again",
            [
                // Whose it was, sealed: for who has the secret.
                "ALTER TABLE deletions ADD COLUMN subject bytea",
                "CREATE INDEX deletion_stores_kept ON deletion_stores (deletion_id) WHERE kept_hours IS NOT NULL",
            ]),
        Migration(
            64, "deletions that fail are tried again later",
            [
                """
                ALTER TABLE deletions ADD COLUMN attempts int NOT NULL DEFAULT 0,
                    ADD COLUMN retry_at timestamptz NOT NULL DEFAULT '-infinity'
                """
            ]),
    ]
}
