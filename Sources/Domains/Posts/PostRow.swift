import Accounts
import Core
public import Store

/// How posts are read, with their authors' names, what is counted of them, and what domains above say of them.
public struct PostRow: Sendable {
    /// Posts `p` and their authors.
    public static let table: SQL = "posts p \(Users.joined(on: "p.author_id"))"

    private let facts: [PostFact]

    public init(facts: [PostFact]) {
        self.facts = facts
    }

    /// What `view` reads, of `table`.
    /// - Parameter reader: his id, an expression of SQL.
    public func columns(for reader: SQL) -> SQL {
        let own: SQL = """
            p.id, p.author_id, \(Users.identityColumns), p.text, p.visibility, p.edit_id, p.comments,
            \(Counters.column(of: "p.id"))
            """
        return ([own] + facts.map { "\($0.column("p", reader)) AS \($0.columnName)" }).joined(separator: ", ")
    }

    /// The same for what many are told: it says nothing that is so for one reader only.
    public var columnsForAll: SQL { columns(for: "NULL::bigint") }

    public func view(_ row: PgRow) throws(PgError) -> PostView {
        var said = ByteWriter(capacity: 0)
        for fact in facts {
            if let text = try row.optionalText(fact.name) { try fact.append(text, &said) }
        }
        return PostView(
            id: try row.id("id"), authorID: try row.id("author_id"), authorHandle: try row.text("handle"),
            authorDisplayName: try row.text("display_name"), text: try row.text("text"),
            visibility: try Visibility(row), editedAt: try row.optionalID("edit_id")?.milliseconds,
            comments: try CommentAccess(row), counts: try Counts(row), facts: said.bytes)
    }

    /// A post that was just made, as its author is shown it.
    /// - Parameter attached: what it has beside its text.
    func ofNew(_ post: PostView, attached: [UInt8]) throws(PgError) -> PostView {
        var said = ByteWriter(capacity: 64)
        said.append(attached)
        for fact in facts {
            if let text = fact.ofNew { try fact.append(text.description, &said) }
        }
        return post.saying(said.bytes)
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
