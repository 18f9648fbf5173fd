public import Core
public import Store

/// The table of follows, for the statements of this domain and of those above.
public enum Follows {
    /// Does one follow the other? Both are expressions of SQL.
    public static func exists(follower: SQL, followee: SQL) -> SQL {
        "EXISTS (SELECT FROM follows known WHERE known.follower = \(follower) AND known.followee = \(followee))"
    }

    /// The same of the viewer's followers: looked up for each user (OFFSET 0), for a viewer may have millions.
    public static func isFollower(_ user: SQL, of viewer: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM follows known WHERE known.follower = \(user) AND known.followee = \(viewer) OFFSET 0)
        """
    }

    /// Rows `followee`: whom somebody follows, an expression of SQL.
    public static func followees(of follower: SQL) -> SQL {
        "SELECT followee FROM follows WHERE follower = \(follower)"
    }

    /// Rows `bucket, follower`, in that order.
    /// - Parameter position: only what is behind it.
    public static func followers(
        of followee: ID, behind position: (bucket: Int, follower: ID), below bucket: Int, limit: Int
    ) -> SQL {
        """
        SELECT bucket, follower FROM follows
        WHERE followee = \(followee) AND (bucket, follower) > (\(position.bucket), \(position.follower))
            AND bucket < \(bucket)
        ORDER BY bucket, follower LIMIT \(limit)
        """
    }

    /// Rows `bucket, follower`, all of them in any order.
    public static func followers(of followee: ID, in buckets: Range<Int>) -> SQL {
        """
        SELECT bucket, follower FROM follows
        WHERE followee = \(followee) AND bucket >= \(buckets.lowerBound) AND bucket < \(buckets.upperBound)
        """
    }

    /// Rows `id, follower`, oldest follow first.
    /// - Parameter position: only follows with larger ids.
    public static func followers(of followee: ID, made position: Int64, limit: Int) -> SQL {
        "SELECT id, follower FROM follows WHERE followee = \(followee) AND id > \(position) ORDER BY id LIMIT \(limit)"
    }

    /// The row of one follow, by its key.
    static func isOne(follower: ID, followee: ID) -> SQL {
        "followee = \(followee) AND bucket = \(Bucket.of(follower)) AND follower = \(follower)"
    }

    // MARK: The followee's older posts, which a new follow brings into the follower's feed

    /// A row `is_pending`: is there a follow whose older posts are not in the follower's feed?
    public static func isPending(follower: ID, followee: ID) -> SQL {
        """
        SELECT EXISTS (SELECT FROM follows WHERE \(isOne(follower: follower, followee: followee)) AND NOT backfilled)
            AS is_pending
        """
    }

    /// Has somebody such a follow? An expression of SQL, of an expression of SQL.
    public static func arePending(of follower: SQL) -> SQL {
        "EXISTS (SELECT FROM follows pending WHERE pending.follower = \(follower) AND NOT pending.backfilled)"
    }

    /// They are in it now.
    public static func backfilled(follower: ID, followee: ID) -> SQL {
        "UPDATE follows SET backfilled = true WHERE \(isOne(follower: follower, followee: followee))"
    }

    /// Rows `follower, followee` of follows that are pending, oldest first.
    /// - Parameters:
    ///   - id: only follows with smaller ids.
    ///   - follower: only his; `nil`: anybody's.
    public static func pending(below id: ID, limit: Int, of follower: ID? = nil) -> SQL {
        """
        SELECT follower, followee FROM follows
        WHERE NOT backfilled AND id < \(id) AND \(follower.map { "follower = \($0)" as SQL } ?? "true")
        ORDER BY id LIMIT \(limit)
        """
    }
}
