public import Core
import Posts
public import Store

/// Who follows which hashtags, for the statements of this domain and of those above.
public enum TagFollows {
    /// Of one user.
    static let most: Int64 = 1_000

    /// Does the reader follow a hashtag of the post? Only public posts have some. Both are expressions of SQL.
    public static func include(post: SQL, for reader: SQL) -> SQL {
        """
        EXISTS (
            SELECT FROM \(PostTags.table) JOIN tag_follows f ON f.tag = t.tag
            WHERE t.post_id = \(post) AND f.follower = \(reader))
        """
    }

    /// A row `number, followed`: by what a hashtag is named in few bytes, and whether the reader follows it.
    public static func state(of tag: String, for reader: ID) -> SQL {
        "SELECT t.number, \(exists("t.name", for: SQL.parameter(reader))) AS followed FROM tags t WHERE t.name = \(tag)"
    }

    /// Rows `tag`: what the reader, an expression of SQL, follows.
    public static func tags(of reader: SQL) -> SQL { "SELECT tag FROM tag_follows WHERE follower = \(reader)" }

    static func exists(_ tag: SQL, for reader: SQL) -> SQL {
        "EXISTS (SELECT FROM tag_follows f WHERE f.follower = \(reader) AND f.tag = \(tag))"
    }

    /// Rows `tag, followers`: those of these that somebody follows.
    /// - Parameter most: of each, more are not counted.
    public static func counts(of tags: [String], upTo most: Int64) -> SQL {
        """
        SELECT * FROM (
            SELECT t.tag, (SELECT count(*) FROM (SELECT FROM tag_follows f WHERE f.tag = t.tag LIMIT \(most)) f) AS followers
            FROM unnest(\(tags)::text[]) t (tag)) t
        WHERE followers > 0
        """
    }

    /// Rows `bucket, follower`, in that order.
    /// - Parameter position: only what is behind it.
    /// - Parameter user: not this one, and so not counted to the limit.
    public static func followers(
        of tag: String, except user: ID, behind position: (bucket: Int, follower: ID), below bucket: Int, limit: Int
    ) -> SQL {
        """
        SELECT bucket, follower FROM tag_follows
        WHERE tag = \(tag) AND (bucket, follower) > (\(position.bucket), \(position.follower)) AND bucket < \(bucket)
            AND follower <> \(user)
        ORDER BY bucket, follower LIMIT \(limit)
        """
    }

    /// Rows `bucket, follower`, all of them in any order.
    public static func followers(of tag: String, except user: ID, in buckets: Range<Int>) -> SQL {
        """
        SELECT bucket, follower FROM tag_follows
        WHERE tag = \(tag) AND bucket >= \(buckets.lowerBound) AND bucket < \(buckets.upperBound)
            AND follower <> \(user)
        """
    }

    /// A row `id` of the newest post that has it, or NULL.
    public static func newestPost(with tag: String) -> SQL {
        "SELECT max(t.post_id) AS id FROM \(PostTags.table) WHERE t.tag = \(tag)"
    }

    /// Rows `follower`, in that order: who follows a hashtag that a post of the author has or, before it was deleted, had.
    /// - Parameter position: only larger ids.
    public static func followers(ofTagsBy author: ID, behind position: ID, limit: Int) -> SQL {
        """
        SELECT DISTINCT f.follower FROM tag_follows f
        WHERE f.follower > \(position)
            AND f.tag = ANY (ARRAY(SELECT DISTINCT unnest(p.tags) FROM posts p WHERE p.author_id = \(author)))
        ORDER BY f.follower LIMIT \(limit)
        """
    }
}
