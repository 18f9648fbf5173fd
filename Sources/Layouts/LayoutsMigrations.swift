public import Store

/// What all processes of the site have in common.
public enum LayoutsMigrations {
    public static let all = [
        Migration(
            118, "what the site's processes have in common",
            [
                """
                CREATE TABLE site (
                    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
                    -- The number of the layout, and how many partitions it has.
                    layout int NOT NULL DEFAULT 1,
                    partitions int NOT NULL,
                    -- Before the names of topics; NULL until a process with Kafka has come.
                    topic_prefix text,
                    -- How many partitions the layouts before had, the last one at the end.
                    former int[] NOT NULL DEFAULT '{}',
                    -- The change that is under way.
                    next_partitions int,
                    asked_at timestamptz,
                    since timestamptz NOT NULL DEFAULT now(),
                    CHECK ((next_partitions IS NULL) = (asked_at IS NULL)))
                """
            ]),
        Migration(
            127, "the partitions of the log's topics",
            [
                """
                ALTER TABLE site
                    -- Of each topic; NULL until a process with the event log has come.
                    ADD COLUMN log_partitions int,
                    -- Part of a change that is under way: only who gives the topics more of them may end it.
                    ADD COLUMN next_log_partitions int
                """
            ]),
    ]
}
