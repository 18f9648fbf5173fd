import Accounts
public import Core
public import Relations
public import Store

/// What a reader may see of a post: **the one rule of all reads**, as a condition of SQL and as a value of a row that was
/// read, which say the same. A new rule is made here, in both; what lies between reader and author is `Audience`'s.
///
/// Nobody sees a deleted post, its author included.
public struct PostVisibility: Sendable, Equatable {
    public let author: ID
    /// Or its author is being erased.
    public let isDeleted: Bool
    public let level: Visibility
    /// It mentions the reader.
    public let isMentioned: Bool
    /// The author is not here (`Standing`): others see it when he is again.
    public let isAuthorAway: Bool

    public init(
        author: ID, isDeleted: Bool, level: Visibility, isMentioned: Bool = false, isAuthorAway: Bool = false
    ) {
        self.author = author
        self.isDeleted = isDeleted
        self.level = level
        self.isMentioned = isMentioned
        self.isAuthorAway = isAuthorAway
    }

    // MARK: In SQL

    /// - Parameters:
    ///   - post: a row of `posts`.
    ///   - reader: his id, an expression of SQL; NULL: not signed in.
    ///   - evenAway: true for what is kept until the author is here again, and asked about when it is read.
    public static func sql(_ post: SQL, to reader: SQL, evenAway: Bool = false) -> SQL {
        let isOpen = Audience.isOpen(
            "\(post).author_id", to: reader, where: "\(post).visibility <> 'followers'", evenAway: evenAway)
        return "\(isThere(post)) AND \(isOpen) AND \(isFor(reader, post))"
    }

    /// Is the reader one of those for whom a post is that is not for all, or for all followers?
    public static func isFor(_ reader: SQL, _ post: SQL) -> SQL {
        """
        (\(post).visibility IN ('public', 'followers') OR \(post).author_id IS NOT DISTINCT FROM \(reader)
            OR COALESCE(\(reader) = ANY (\(post).mentions), false))
        """
    }

    /// Does the reader see all of an author's posts that `sqlToSomebody` and `isFor` let through, as soon as the author is here? Asked
    /// once for many posts; where it is not so, there may still be some that the reader sees.
    /// - Parameter author: an expression of SQL.
    public static func showsAll(author: SQL, to reader: SQL) -> SQL {
        Audience.isOpen(author, to: reader, where: "false", evenAway: true)
    }

    /// May there be somebody who sees it, now or later? For what is written for many readers at once, each of whom is asked
    /// about when he reads.
    public static func sqlToSomebody(_ post: SQL) -> SQL {
        "\(isThere(post)) AND \(post).author_id <> ALL (ARRAY(\(Standing.leaving)))"
    }

    private static func isThere(_ post: SQL) -> SQL { "\(post).deleted_at IS NULL" }

    // MARK: As a value

    /// What a value is made from.
    /// - Parameter reader: without one, nobody is mentioned.
    public static func columns(_ post: SQL, to reader: SQL = "NULL::bigint") -> SQL {
        """
        \(post).author_id, \(post).visibility, COALESCE(\(reader) = ANY (\(post).mentions), false) AS is_mentioned,
        (\(post).deleted_at IS NOT NULL OR \(post).author_id = ANY (ARRAY(\(Standing.leaving)))) AS is_deleted,
        \(Standing.isAway("\(post).author_id")) AS is_author_away
        """
    }

    public init(_ row: PgRow) throws(PgError) {
        self.init(
            author: try row.id("author_id"), isDeleted: try row.bool("is_deleted"),
            level: try Visibility(row), isMentioned: try row.bool("is_mentioned"),
            isAuthorAway: try row.bool("is_author_away"))
    }

    /// - Parameter audience: what the reader has to do with the author.
    public func isVisible(to audience: Audience) -> Bool {
        isVisibleToSomebody && audience.isOpen(where: level != .followers)
            && (level != .mentioned || audience.isSelf || isMentioned)
    }

    public var isVisibleToSomebody: Bool { !isDeleted }
    /// By what is told to many at once, the author not among them.
    public var isVisibleToOthers: Bool { isVisibleToSomebody && !isAuthorAway }

    // MARK: Of a post that is told to many

    /// Who may see it beside the author, where it is not for all, or for all followers: a column `readers`.
    public static func readersColumn(_ post: SQL) -> SQL {
        """
        CASE WHEN \(post).visibility NOT IN ('public', 'followers') THEN \(PostMentions.column(post)) END AS readers
        """
    }

    /// - Returns: `nil`: all, or all followers.
    public static func readers(_ row: PgRow) throws(PgError) -> Set<ID>? {
        try row.optionalText("readers").map { Set(PostMentions.ids($0)) }
    }
}
