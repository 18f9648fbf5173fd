import Store

/// The tables of comments.
enum CommentsMigrations {
    static let all = [
        Migration(
            74, "comments",
            [
                comments,
                // A post's top-level comments, in either order.
                "CREATE INDEX comments_top ON comments (post_id, id) WHERE parent_id IS NULL",
                "CREATE INDEX comments_by_post ON comments (post_id, id)",
                "CREATE INDEX comments_by_author ON comments (author_id, id) WHERE author_id IS NOT NULL",
                """
                CREATE TABLE comment_replies (
                    -- A comment, and each one below it, however deep.
                    ancestor_id bigint NOT NULL,
                    id bigint NOT NULL,
                    PRIMARY KEY (ancestor_id, id))
                """,
            ]),
        Migration(75, "rankings of comments", rankings),
    ]

    private static let comments: StaticString = """
        CREATE TABLE comments (
            id bigint PRIMARY KEY,
            post_id bigint NOT NULL REFERENCES posts,
            -- Its own id of a top-level one.
            thread_id bigint NOT NULL,
            -- NULL of a top-level one.
            parent_id bigint,
            -- From the top-level one down to the parent.
            ancestors bigint[] NOT NULL,
            -- NULL once it is deleted, as there is no text then.
            author_id bigint REFERENCES users,
            text text NOT NULL,
            -- Of the newest edit, whose time is in it; NULL: there was none.
            edit_id bigint,
            edits smallint NOT NULL DEFAULT 0,
            deleted_at timestamptz,
            CHECK ((author_id IS NULL) = (deleted_at IS NOT NULL)))
        """

    private static let rankings: [StaticString] = [
        // Top-level comments that somebody likes, by how many do.
        """
        CREATE TABLE comment_scores (
            comment_id bigint PRIMARY KEY,
            post_id bigint NOT NULL,
            likes bigint NOT NULL) WITH (fillfactor = 70)
        """,
        "CREATE INDEX comment_scores_by_post ON comment_scores (post_id, likes DESC, comment_id DESC) WHERE likes > 0",
        // What readers walk through, as it was when they began.
        """
        CREATE TABLE comment_rankings (
            id bigint PRIMARY KEY,
            post_id bigint NOT NULL,
            made_at timestamptz NOT NULL,
            ids bigint[] NOT NULL)
        """,
        "CREATE INDEX comment_rankings_by_post ON comment_rankings (post_id, made_at DESC)",
        "CREATE INDEX comment_rankings_by_age ON comment_rankings (made_at)",
    ]
}
