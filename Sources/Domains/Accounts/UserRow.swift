public import Core
public import Store

/// How a user with the counters is read: from rows of `users u` and `follow_counts c`.
public enum UserRow {
    /// What `view` reads.
    public static let columns: SQL = """
        u.id, u.handle, u.display_name, \(FollowCounts.followers(of: "u.id")) AS followers,
        COALESCE(c.following, 0) AS following,
        u.posts, u.private, u.anonymous, u.role, u.status_message, u.bio, u.discoverable, u.locale, u.time_zone,
        u.password_hash <> '*' AS has_password
        """

    public static let counters: SQL = "LEFT JOIN follow_counts c ON c.user_id = u.id"

    /// The user's columns, and others.
    public static func select(_ id: ID, and others: SQL...) -> SQL {
        "SELECT \(([columns] + others).joined(separator: ", ")) FROM users u \(counters) WHERE u.id = \(id)"
    }

    /// - Parameters:
    ///   - relation: `nil`: the viewer is not signed in, or it is not told.
    ///   - isOwn: the viewer is the user.
    public static func view(_ row: PgRow, relation: UserRelation?, isOwn: Bool) throws(PgError) -> UserView {
        UserView(
            id: try row.id("id"), handle: try row.text("handle"), displayName: try row.text("display_name"),
            followers: try row.integer("followers"), following: try row.integer("following"),
            posts: try row.integer("posts"), isPrivate: try row.bool("private"),
            isAnonymous: try row.bool("anonymous"), role: try UserRole(row),
            statusMessage: try row.optionalText("status_message"), bio: try row.optionalText("bio"),
            relation: relation, settings: isOwn ? try settings(row) : nil)
    }

    private static func settings(_ row: PgRow) throws(PgError) -> UserSettings {
        UserSettings(
            isDiscoverable: try row.bool("discoverable"), hasPassword: try row.bool("has_password"),
            locale: try row.optionalText("locale"),
            timeZone: try row.optionalText("time_zone"))
    }
}
