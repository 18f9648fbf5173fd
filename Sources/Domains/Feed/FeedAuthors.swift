import Posts
import Relations
import Store

/// Whose posts are in somebody's feed: the reader's own, and those of all whom he follows. Readers are expressions of SQL.
enum FeedAuthors {
    /// Is the author, an expression of SQL, one of them, and not muted?
    static func include(_ author: SQL, for reader: SQL) -> SQL {
        """
        (\(author) = \(reader)
            OR \(Follows.exists(follower: reader, followee: author)) AND NOT \(Audience.isMuted(author, by: reader)))
        """
    }

    /// Are the posts of the author, one of them, shown now?
    static func areShown(_ author: SQL, to reader: SQL) -> SQL {
        "NOT \(Audience.isMuted(author, by: reader)) AND \(Audience.isHere(author, for: reader))"
    }

    /// Rows `a.author` and `t.id`: the newest posts of each that the reader may see, by an index scan for each of them. The
    /// rule is asked about authors first, of whom there are fewer.
    /// - Parameters:
    ///   - authors: a condition of `author`. Without one, posts of authors who are muted or away are among them: they come
    ///     back when that ends, so timelines hold them.
    ///   - condition: of posts `p`.
    static func newestPosts(
        for reader: SQL, of authors: SQL = "true", where condition: SQL = "true", limit: SQL
    ) -> SQL {
        """
        (
            SELECT author FROM (
                SELECT followee AS author FROM (\(Follows.followees(of: reader))) f UNION ALL SELECT \(reader)::bigint
            ) all_authors WHERE \(PostVisibility.showsAll(author: "author", to: reader)) AND \(authors)) a
        CROSS JOIN LATERAL (
            SELECT p.id FROM posts p
            WHERE p.author_id = a.author AND \(PostVisibility.sqlToSomebody("p")) AND \(PostVisibility.isFor(reader, "p"))
                AND \(condition)
            ORDER BY p.id DESC LIMIT \(limit)) t
        """
    }
}
