import Core
import Store
import Wire

/// How a row of `users` is read.
enum UserRow {
    static let byID: StaticString =
        "SELECT id, handle, display_name, followers, following, posts FROM users WHERE id = $1"

    static func view(_ row: PgRows.Row, followed: Bool?) -> UserView {
        UserView(
            id: ID(raw: row.integer(0)), handle: row.text(1), displayName: row.text(2), followers: row.integer(3),
            following: row.integer(4), posts: row.integer(5), followed: followed)
    }
}
