public import Store

/// The tables of posts.
public enum PostsMigrations {
    public static let all = [
        Migration(1, "posts", first),
        Migration(
            3, "the author's latest post",
            [
                "ALTER TABLE users ADD COLUMN last_post bigint NOT NULL DEFAULT 0",
                """
                UPDATE users SET last_post = p.id
                FROM (SELECT author_id, max(id) AS id FROM posts GROUP BY author_id) p WHERE p.author_id = users.id
                """,
            ]),
        Migration(
            21, "for whom posts are",
            // `PostAudience`.
            ["ALTER TABLE posts ADD COLUMN visibility text NOT NULL DEFAULT 'public'"]),
        Migration(24, "edits of posts", edits),
        Migration(
            45, "posts by author, deleted ones, too",
            ["CREATE INDEX IF NOT EXISTS posts_of_author ON posts (author_id, id DESC)"]),
        Migration(66, "posts by author: the index before", ["DROP INDEX IF EXISTS posts_by_author"]),
        Migration(67, "counters", [counters]),
        // `CommentAccess`.
        Migration(73, "who may comment", ["ALTER TABLE posts ADD COLUMN comments text NOT NULL DEFAULT 'all'"]),
        Migration(79, "tags and mentions of posts", entities),
        Migration(
            80, "posts by whom they mention",
            ["CREATE INDEX IF NOT EXISTS posts_by_mention ON posts USING gin (mentions) WHERE mentions <> '{}'"]),
        Migration(81, "posts by hashtag", tags),
        Migration(125, "changes of posts that are under way", openChanges),
    ]

    private static let openChanges: [StaticString] = [
        // What is being brought to feeds (`OpenChanges`): edits and deletions from their transactions on, new posts when they are late.
        """
        CREATE TABLE open_changes (
            post_id bigint NOT NULL,
            kind text NOT NULL,
            author_id bigint NOT NULL,
            event_id text NOT NULL,
            tags text[] NOT NULL,
            begun_at timestamptz NOT NULL,
            tries smallint NOT NULL DEFAULT 0,
            due_at timestamptz NOT NULL,
            PRIMARY KEY (post_id, kind))
        """,
        "CREATE INDEX open_changes_by_author ON open_changes (author_id)",
        "CREATE INDEX open_changes_by_turn ON open_changes (due_at)",
    ]

    private static let tags: [StaticString] = [
        // Names are compared by their bytes.
        """
        CREATE TABLE tags (
            name text COLLATE "C" PRIMARY KEY,
            -- As it was written first.
            display text NOT NULL,
            -- By which `martlet audit counts` names it.
            number bigint NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY)
        """,
        """
        CREATE TABLE post_tags (
            tag text COLLATE "C" NOT NULL,
            post_id bigint NOT NULL REFERENCES posts,
            author_id bigint NOT NULL,
            -- Of tag_counts.
            stripe smallint NOT NULL,
            PRIMARY KEY (tag, post_id))
        """,
        "CREATE INDEX post_tags_by_post ON post_tags (post_id) INCLUDE (tag, author_id)",
        "CREATE INDEX post_tags_by_author ON post_tags (author_id)",
        """
        CREATE TABLE tag_counts (
            tag text COLLATE "C" NOT NULL,
            stripe smallint NOT NULL,
            posts bigint NOT NULL,
            PRIMARY KEY (tag, stripe)) WITH (fillfactor = 50)
        """,
        // How far posts were read for tags and mentions that a version before did not look for.
        "CREATE TABLE text_progress (position bigint NOT NULL)",
        "INSERT INTO text_progress VALUES (0)",
    ]

    private static let entities: [StaticString] = [
        """
        ALTER TABLE posts
            -- NULL: a version that knows none has written the post.
            ADD COLUMN tags text[],
            ADD COLUMN mentions bigint[] NOT NULL DEFAULT '{}',
            -- For each place in the text: which of the mentions (from 1), from where, to where.
            ADD COLUMN mention_spans int[] NOT NULL DEFAULT '{}'
        """
    ]

    private static let edits: [StaticString] = [
        // Of the newest edit, whose time is in it; NULL: there was none.
        "ALTER TABLE posts ADD COLUMN edit_id bigint",
        """
        CREATE TABLE post_versions (
            post_id bigint NOT NULL REFERENCES posts,
            -- Of the edit that wrote it; the post's own of the first.
            id bigint NOT NULL,
            text text NOT NULL,
            PRIMARY KEY (post_id, id))
        """,
    ]

    // Half of each page is left empty, so a change finds room beside what it changes.
    private static let counters: StaticString = """
        CREATE TABLE counters (
            -- A post or a comment.
            object_id bigint NOT NULL,
            stripe smallint NOT NULL,
            likes bigint NOT NULL DEFAULT 0,
            replies bigint NOT NULL DEFAULT 0,
            views bigint NOT NULL DEFAULT 0,
            -- How often likes or replies were changed.
            changes bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (object_id, stripe)) WITH (fillfactor = 50)
        """

    private static let first: [StaticString] = [
        """
        CREATE TABLE posts (
            id bigint PRIMARY KEY,
            author_id bigint NOT NULL REFERENCES users,
            text text NOT NULL,
            deleted_at timestamptz)
        """,
        "CREATE INDEX posts_by_author ON posts (author_id, id DESC) WHERE deleted_at IS NULL",
    ]
}
