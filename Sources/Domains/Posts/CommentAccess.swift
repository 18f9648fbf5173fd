import HTTPService
public import Store

/// Who may comment on a post.
public enum CommentAccess: String, Sendable, CaseIterable {
    /// Everybody who sees it.
    case all
    /// The author's followers, and the author.
    case followers
    case none

    static let schema = Schema.word(of: allCases.map(\.rawValue))

    /// Of a row with the column `comments` of `posts`. A version to come may know others: what this one does not know is for
    /// nobody.
    public init(_ row: PgRow) throws(PgError) {
        self = CommentAccess(rawValue: try row.text("comments")) ?? .none
    }
}
