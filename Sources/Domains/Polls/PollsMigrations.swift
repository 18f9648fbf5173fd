import Store

/// The tables of polls.
enum PollsMigrations {
    static let all = [
        Migration(
            88, "polls",
            [
                """
                CREATE TABLE polls (
                    id bigint PRIMARY KEY,
                    post_id bigint NOT NULL UNIQUE REFERENCES posts,
                    author_id bigint NOT NULL REFERENCES users,
                    options text[] NOT NULL,
                    multiple boolean NOT NULL,
                    results text NOT NULL,
                    closes_at timestamptz NOT NULL,
                    -- Whether that it has closed was told; it is closed from closes_at on.
                    closed boolean NOT NULL DEFAULT false)
                """,
                "CREATE INDEX polls_by_author ON polls (author_id, id)",
                "CREATE INDEX polls_due ON polls (closes_at) WHERE NOT closed",
                """
                CREATE TABLE poll_votes (
                    poll_id bigint NOT NULL REFERENCES polls,
                    voter bigint NOT NULL REFERENCES users,
                    -- By its time.
                    id bigint NOT NULL,
                    -- Numbers of options, from 0 on.
                    options smallint[] NOT NULL,
                    PRIMARY KEY (poll_id, voter))
                """,
                "CREATE UNIQUE INDEX poll_votes_by_voter ON poll_votes (voter, id)",
                """
                CREATE TABLE poll_counts (
                    poll_id bigint NOT NULL REFERENCES polls,
                    stripe smallint NOT NULL,
                    -- By option. What is counted of the poll is the sum of its rows.
                    votes int[] NOT NULL,
                    voters int NOT NULL,
                    changes bigint NOT NULL,
                    PRIMARY KEY (poll_id, stripe)) WITH (fillfactor = 50)
                """,
                // Deferred: it runs when the transaction is about to be committed.
                """
                CREATE FUNCTION poll_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF EXISTS (SELECT FROM polls WHERE id = NEW.poll_id AND closes_at <= clock_timestamp()) THEN
                        RAISE EXCEPTION 'the poll has closed' USING ERRCODE = 'check_violation', CONSTRAINT = 'poll_is_open';
                    END IF;
                    RETURN NULL;
                END $$
                """,
                """
                CREATE CONSTRAINT TRIGGER poll_is_open AFTER INSERT ON poll_votes DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION poll_is_open()
                """,
            ])
    ]
}
