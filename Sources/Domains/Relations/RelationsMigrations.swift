public import Store

/// The tables of who follows whom.
public enum RelationsMigrations {
    public static let all = [
        Migration(1, "graph", first)
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
