import Store

/// The tables of what people do to posts.
enum EngagementMigrations {
    static let all = [
        Migration(
            68, "likes",
            [
                """
                CREATE TABLE likes (
                    -- A post or a comment.
                    object_id bigint NOT NULL,
                    user_id bigint NOT NULL REFERENCES users,
                    -- In the order in which they were made.
                    id bigint NOT NULL,
                    PRIMARY KEY (object_id, user_id))
                """,
                "CREATE INDEX likes_by_object ON likes (object_id, id DESC) INCLUDE (user_id)",
                "CREATE INDEX likes_by_user ON likes (user_id, id DESC) INCLUDE (object_id)",
            ]),
        Migration(
            69, "views of posts",
            [
                """
                CREATE TABLE post_views (
                    post_id bigint NOT NULL REFERENCES posts,
                    -- Since 1970.
                    day integer NOT NULL,
                    -- Counted into `counters` already.
                    viewers bigint NOT NULL,
                    PRIMARY KEY (post_id, day))
                """,
                "CREATE INDEX post_views_by_day ON post_views (day)",
            ]),
    ]
}
