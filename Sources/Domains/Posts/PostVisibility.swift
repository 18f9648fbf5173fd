public import Core
public import Store

/// What a reader may see of a post: **the one rule of all reads**, as a condition of SQL and as a value of a row that was
/// read, which say the same. A new rule is made here, in both.
///
/// Nobody sees a deleted post, its author included.
public struct PostVisibility: Sendable, Equatable {
    public let author: ID
    public let isDeleted: Bool

    public init(author: ID, isDeleted: Bool) {
        self.author = author
        self.isDeleted = isDeleted
    }

    // MARK: In SQL

    /// - Parameters:
    ///   - post: a row of `posts`.
    ///   - reader: his id, an expression of SQL; NULL: not signed in.
    public static func sql(_ post: SQL, to reader: SQL) -> SQL { sqlToSomebody(post) }

    /// May there be somebody who sees it? For what is written for many readers at once, each of whom is asked about when
    /// he reads.
    public static func sqlToSomebody(_ post: SQL) -> SQL { "\(post).deleted_at IS NULL" }

    // MARK: As a value

    /// What a value is made from.
    public static func columns(_ post: SQL) -> SQL {
        "\(post).author_id, \(post).deleted_at IS NOT NULL AS is_deleted"
    }

    public init(_ row: PgRow) throws(PgError) {
        self.init(author: try row.id("author_id"), isDeleted: try row.bool("is_deleted"))
    }

    /// - Parameter reader: `nil`: not signed in.
    public func isVisible(to reader: ID?) -> Bool { isVisibleToSomebody }

    public var isVisibleToSomebody: Bool { !isDeleted }
}
