import Posts
import Relations
import Store
import Tags

/// Which posts are in somebody's feed: the reader's own, those of all whom he follows, and public ones with a hashtag that he
/// follows. Readers are expressions of SQL.
enum FeedPosts {
    /// Is the post, a row of `posts`, one of them, and its author not muted?
    static func include(_ post: SQL, for reader: SQL) -> SQL {
        """
        (\(post).author_id = \(reader)
            OR \(hold(post, for: reader)) AND NOT \(Audience.isMuted("\(post).author_id", by: reader)))
        """
    }

    /// Is the post one of them, though its author may be muted?
    static func hold(_ post: SQL, for reader: SQL) -> SQL {
        """
        (\(post).author_id = \(reader) OR \(Follows.exists(follower: reader, followee: "\(post).author_id"))
            OR \(TagFollows.include(post: "\(post).id", for: reader)))
        """
    }

    /// Rows `id, author, tag`: the newest posts of each author, and with each hashtag (`tag`), by an index scan for each of them.
    /// Some may come more than once. The rule is asked about authors first, of whom there are fewer.
    /// - Parameters:
    ///   - isShown: without what the reader does not see now. Timelines hold what comes back: when a mute ends, or an author is here
    ///     again; of posts with a hashtag also when a block ends, or an account is private no more.
    ///   - bound: only smaller ids, an expression of SQL; `nil`: the newest there are.
    ///   - limit: of each author and hashtag.
    static func newest(for reader: SQL, isShown: Bool = false, below bound: SQL? = nil, limit: SQL) -> SQL {
        let shown: SQL = isShown ? areShown("author", to: reader) : "true"
        let tagged: SQL =
            isShown
            ? "\(PostVisibility.sql("p", to: reader)) AND \(areShown("p.author_id", to: reader))" : "true"
        let (ofAuthor, withTag): (SQL, SQL) =
            bound.map { ("p.id < \($0)", "t.post_id < \($0)") } ?? ("true", "true")
        return """
            SELECT n.id, a.author, NULL AS tag FROM (
                SELECT author FROM (
                    SELECT followee AS author FROM (\(Follows.followees(of: reader))) f UNION ALL SELECT \(reader)::bigint
                ) all_authors WHERE \(PostVisibility.showsAll(author: "author", to: reader)) AND \(shown)) a
            CROSS JOIN LATERAL (
                SELECT p.id FROM posts p
                WHERE p.author_id = a.author AND \(PostVisibility.sqlToSomebody("p"))
                    AND \(PostVisibility.isFor(reader, "p")) AND \(ofAuthor)
                ORDER BY p.id DESC LIMIT \(limit)) n
            UNION ALL
            SELECT n.id, n.author, f.tag FROM (\(TagFollows.tags(of: reader))) f
            CROSS JOIN LATERAL (
                SELECT p.id, p.author_id AS author FROM \(PostTags.table) JOIN posts p ON p.id = t.post_id
                WHERE t.tag = f.tag AND \(PostVisibility.sqlToSomebody("p")) AND \(tagged) AND \(withTag)
                ORDER BY t.post_id DESC LIMIT \(limit)) n
            """
    }

    /// Are the posts of the author shown now?
    private static func areShown(_ author: SQL, to reader: SQL) -> SQL {
        "NOT \(Audience.isMuted(author, by: reader)) AND \(Audience.isHere(author, for: reader))"
    }
}
