import Store

/// The tables of notifications. A user's rows lie together, and change while the user's row of `notification_state` is locked.
enum NotificationsMigrations {
    static let all = [
        Migration(
            97, "notifications",
            [
                state, groups, "CREATE INDEX notifications_by_id ON notifications (user_id, id DESC)", causes,
                "CREATE INDEX notification_causes_by_actor ON notification_causes (actor_id, key) WHERE actor_id IS NOT NULL",
                "CREATE INDEX notification_causes_by_cause ON notification_causes (cause_id)",
                "CREATE INDEX notification_causes_by_object ON notification_causes (object_id) WHERE object_id IS NOT NULL",
                "CREATE INDEX notification_causes_by_post ON notification_causes (post_id) WHERE post_id IS NOT NULL",
                // `InboxStart`.
                "CREATE TABLE notification_start (since bigint NOT NULL)",
                "INSERT INTO notification_start SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
            ] + partitions),
        Migration(
            98, "versions of inboxes",
            [
                // How often it was changed. Of a group: when it was last.
                "ALTER TABLE notification_state ADD COLUMN version bigint NOT NULL DEFAULT 0",
                "ALTER TABLE notifications ADD COLUMN version bigint NOT NULL DEFAULT 0",
            ]),
    ]

    private static let state: StaticString = """
        CREATE TABLE notification_state (
            user_id bigint PRIMARY KEY REFERENCES users,
            -- Groups that are not read.
            unread bigint NOT NULL DEFAULT 0,
            -- The largest id that a group has had.
            last_id bigint NOT NULL DEFAULT 0,
            -- The newest cause of a group that went because there were too many: none that is older comes back.
            floor bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50)
        """

    private static let groups: StaticString = """
        CREATE TABLE notifications (
            user_id bigint NOT NULL,
            key text COLLATE "C" NOT NULL,
            -- Of its newest cause, by when that was written here.
            id bigint NOT NULL,
            type text NOT NULL,
            object_type text,
            object_id bigint,
            -- Its rows of notification_causes; 0: the user has removed it.
            count bigint NOT NULL,
            read boolean NOT NULL DEFAULT false,
            -- The newest cause when the user removed it: none that is older comes back.
            floor bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (user_id, key)) PARTITION BY HASH (user_id)
        """

    private static let causes: StaticString = """
        CREATE TABLE notification_causes (
            user_id bigint NOT NULL,
            key text COLLATE "C" NOT NULL,
            -- Of what was done: a like, a follow, a comment.
            cause_id bigint NOT NULL,
            -- Who did it.
            actor_id bigint,
            object_id bigint,
            -- With which it goes.
            post_id bigint,
            PRIMARY KEY (user_id, key, cause_id)) PARTITION BY HASH (user_id)
        """

    private static let partitions: [StaticString] = [
        "CREATE TABLE notifications_0 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 0)",
        "CREATE TABLE notifications_1 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 1)",
        "CREATE TABLE notifications_2 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 2)",
        "CREATE TABLE notifications_3 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 3)",
        "CREATE TABLE notifications_4 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 4)",
        "CREATE TABLE notifications_5 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 5)",
        "CREATE TABLE notifications_6 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 6)",
        "CREATE TABLE notifications_7 PARTITION OF notifications FOR VALUES WITH (MODULUS 8, REMAINDER 7)",
        "CREATE TABLE notification_causes_0 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 0)",
        "CREATE TABLE notification_causes_1 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 1)",
        "CREATE TABLE notification_causes_2 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 2)",
        "CREATE TABLE notification_causes_3 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 3)",
        "CREATE TABLE notification_causes_4 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 4)",
        "CREATE TABLE notification_causes_5 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 5)",
        "CREATE TABLE notification_causes_6 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 6)",
        "CREATE TABLE notification_causes_7 PARTITION OF notification_causes FOR VALUES WITH (MODULUS 8, REMAINDER 7)",
    ]
}
