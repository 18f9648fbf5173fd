import Accounts
import Core
public import Store

/// How posts are read, with their authors' names.
public enum PostRow {
    /// Posts `p` and their authors.
    public static let table: SQL = "posts p \(Users.joined(on: "p.author_id"))"

    /// What `view` reads, of `table`.
    public static let columns: SQL = "p.id, p.author_id, \(Users.identityColumns), p.text, p.visibility, p.edit_id"

    public static func view(_ row: PgRow) throws(PgError) -> PostView {
        PostView(
            id: try row.id("id"), authorID: try row.id("author_id"), authorHandle: try row.text("handle"),
            authorDisplayName: try row.text("display_name"), text: try row.text("text"),
            visibility: try Visibility(row),
            editedAt: try row.optionalID("edit_id")?.milliseconds)
    }

    /// The first of many posts, up to the one with which their texts reach so many bytes (`PostBytes`).
    /// - Parameters:
    ///   - posts: a statement with `columns`.
    ///   - order: of the rows, by columns of that statement.
    ///   - fact: a column of each row, which does not depend on the post.
    public static func first(
        of posts: SQL, in order: SQL, atMost bytes: Int, with fact: SQL? = nil
    ) -> SQL {
        let others: SQL = if let fact { ", \(fact)" } else { "" }
        return """
            SELECT *\(others) FROM (
                SELECT *, sum(octet_length(text)) OVER (ORDER BY \(order)) - octet_length(text) AS before
                FROM (\(posts)) l
            ) s
            WHERE before < \(bytes) ORDER BY \(order)
            """
    }
}
