public import Store

/// The tables of who follows whom.
public enum RelationsMigrations {
    public static let all = [
        Migration(1, "graph", first),
        Migration(20, "blocks, mutes, requests to follow", restrictions + requests),
        Migration(
            25, "pending follows of a follower",
            ["CREATE INDEX follows_pending ON follows (follower) WHERE NOT backfilled"]),
        Migration(
            96, "bells",
            [
                """
                CREATE TABLE bells (
                    author bigint NOT NULL REFERENCES users,
                    -- Who is notified of each post of the author.
                    user_id bigint NOT NULL REFERENCES users,
                    -- In the order in which they were made.
                    id bigint NOT NULL,
                    PRIMARY KEY (author, user_id))
                """,
                "CREATE UNIQUE INDEX bells_by_user ON bells (user_id, id DESC) INCLUDE (author)",
            ]),
    ]

    private static let restrictions: [StaticString] = [
        """
        CREATE TABLE relations (
            owner bigint NOT NULL REFERENCES users,
            other bigint NOT NULL REFERENCES users,
            kind text NOT NULL CHECK (kind IN ('block', 'mute')),
            -- In the order in which they were made.
            id bigint NOT NULL,
            -- Of a mute; NULL: without end.
            until timestamptz,
            -- Does a mute keep out notifications, too?
            notifications boolean NOT NULL DEFAULT true,
            PRIMARY KEY (owner, other, kind))
        """,
        "CREATE INDEX relations_by_owner ON relations (owner, kind, id DESC) INCLUDE (other)",
        "CREATE INDEX relations_by_other ON relations (other, kind)",
        "CREATE INDEX relations_with_end ON relations (until) WHERE until IS NOT NULL",
    ]

    private static let requests: [StaticString] = [
        """
        CREATE TABLE follow_requests (
            target bigint NOT NULL REFERENCES users,
            asker bigint NOT NULL REFERENCES users,
            id bigint NOT NULL,
            PRIMARY KEY (target, asker))
        """,
        "CREATE INDEX follow_requests_by_target ON follow_requests (target, id DESC) INCLUDE (asker)",
        "CREATE INDEX follow_requests_by_asker ON follow_requests (asker, id DESC) INCLUDE (target)",
    ]

    private static let first: [StaticString] = [
        // The key is the order in which a fan-out reads: a slice of an author's followers is one range scan.
        """
        CREATE TABLE follows (
            followee bigint NOT NULL REFERENCES users,
            bucket smallint NOT NULL,
            follower bigint NOT NULL REFERENCES users,
            id bigint NOT NULL,
            -- False until the followee's older posts are in the follower's feed.
            backfilled boolean NOT NULL DEFAULT false,
            PRIMARY KEY (followee, bucket, follower))
        """,
        "CREATE INDEX follows_to_backfill ON follows (id) WHERE NOT backfilled",
        "CREATE INDEX follows_by_followee ON follows (followee, id DESC) INCLUDE (follower)",
        "CREATE INDEX follows_by_follower ON follows (follower, id DESC) INCLUDE (followee)",
        "CREATE INDEX follows_pair ON follows (follower, followee)",
    ]
}
