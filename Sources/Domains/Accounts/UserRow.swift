import Core
public import Store

/// How a row of `users` with its counters is read.
public enum UserRow {
    static let byID: StaticString = """
        SELECT u.id, u.handle, u.display_name, COALESCE(c.followers, 0), COALESCE(c.following, 0), u.posts
        FROM users u LEFT JOIN follow_counts c ON c.user_id = u.id WHERE u.id = $1
        """

    public static func view(_ row: PgRows.Row, followed: Bool?) throws(PgError) -> UserView {
        UserView(
            id: ID(raw: try row.integer(0)), handle: try row.text(1), displayName: try row.text(2),
            followers: try row.integer(3), following: try row.integer(4), posts: try row.integer(5),
            followed: followed)
    }
}
