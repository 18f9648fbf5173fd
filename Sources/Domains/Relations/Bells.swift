import Core
public import Store

/// Who wants to be notified of each post of whom.
public enum Bells {
    /// Of one user.
    static let most: Int64 = 1_000

    /// Is the bell of a user on for the viewer? Both are expressions of SQL.
    static func exists(of user: SQL, for viewer: SQL) -> SQL {
        "EXISTS (SELECT FROM bells known WHERE known.author = \(user) AND known.user_id = \(viewer))"
    }

    /// Rows `user_id`, in that order: for whom an author's bell is on.
    /// - Parameter position: only larger ids.
    public static func users(of author: SQL, behind position: SQL, limit: Int) -> SQL {
        """
        SELECT b.user_id FROM bells b WHERE b.author = \(author) AND b.user_id > \(position)
        ORDER BY b.user_id LIMIT \(limit)
        """
    }

    /// What `users` is of, as `b`: for a join by `b.author` and `b.user_id`.
    public static let table: SQL = "bells b"

    static func removed(between one: ID, _ other: ID) -> SQL {
        """
        DELETE FROM bells
        WHERE author = \(one) AND user_id = \(other) OR author = \(other) AND user_id = \(one)
        """
    }
}
