public import Core
public import DomainKit
public import Store

/// How many follow a user, and how many he follows: in a row of `follow_counts`, and for followers also in stripes beside it,
/// so that the new followers of a popular author don't wait for each other's commits.
///
/// Who finds the row locked by somebody else counts in one of the stripes; so only those have any for whom it was ever
/// needed, and reads of all others find none. The number is the sum, read in one statement.
public enum FollowCounts {
    /// Beside the row itself.
    static let stripes: Int64 = 15

    /// What a follow that begins or ends changes. The follower's row is locked first, and is locked until the commit; behind
    /// that only a stripe is waited for.
    /// - Parameter delta: 1 or -1.
    public static func changes(follower: ID, followee: ID, by delta: Int64) -> [SQL] {
        [
            """
            INSERT INTO follow_counts AS c (user_id, following) VALUES (\(follower), \(delta))
            ON CONFLICT (user_id) DO UPDATE SET following = c.following + excluded.following
            """,
            """
            WITH free AS (SELECT user_id FROM follow_counts WHERE user_id = \(followee) FOR UPDATE SKIP LOCKED),
                counted AS (
                    UPDATE follow_counts c SET followers = c.followers + \(delta) FROM free
                    WHERE c.user_id = free.user_id)
            INSERT INTO follower_stripes AS s (user_id, stripe, followers)
            SELECT \(followee)::bigint, \(stripe(of: follower))::smallint, \(delta)::bigint WHERE NOT EXISTS (SELECT FROM free)
            ON CONFLICT (user_id, stripe) DO UPDATE SET followers = s.followers + excluded.followers
            """,
        ]
    }

    /// Takes the row of who follows, as a change does; it is made where there is none.
    public static func locked(_ follower: ID) -> SQL {
        """
        INSERT INTO follow_counts AS c (user_id, following) VALUES (\(follower), 0)
        ON CONFLICT (user_id) DO UPDATE SET following = c.following
        """
    }

    /// Compares how many follow whom, or whom they follow, with the rows that are counted.
    /// - Parameter found: rows of a user, an expression of SQL.
    public static func audit(
        _ name: String, ofFollowers: Bool, found: @escaping @Sendable (_ user: SQL) -> SQL
    ) -> CountAudit {
        let counted: SQL = ofFollowers ? followers(of: "u.id") : "COALESCE(c.following, 0)"
        let column: SQL = ofFollowers ? "followers" : "following"
        return CountAudit(name) { position, limit in
            """
            SELECT u.id, \(counted) AS counted, (SELECT count(*) FROM (\(found("u.id"))) f) AS found
            FROM users u LEFT JOIN follow_counts c ON c.user_id = u.id
            WHERE u.id > \(position) ORDER BY u.id LIMIT \(limit)
            """
        } repair: { wrong in
            """
            INSERT INTO follow_counts AS c (user_id, \(column)) SELECT id, found - counted FROM \(wrong) ORDER BY id
            ON CONFLICT (user_id) DO UPDATE SET \(column) = c.\(column) + excluded.\(column)
            """
        }
    }

    private static func stripe(of follower: ID) -> Int64 {
        1 + Int64((UInt64(follower.raw) &* 0x9E37_79B9_7F4A_7C15) >> 32) % stripes
    }

    /// Of a user, whose row of `follow_counts`, if there is one, is `c`.
    static func followers(of user: SQL) -> SQL {
        """
        (COALESCE(c.followers, 0)
            + COALESCE((SELECT sum(s.followers) FROM follower_stripes s WHERE s.user_id = \(user)), 0))::bigint
        """
    }
}
