public import Core
import DomainKit
public import Store
public import TextEntities

/// Which public posts have which hashtags, and how many: `post_tags`, `tag_counts`, and the spelling that came first in `tags`.
///
/// They change in the transaction of the post, which is why they are here and not with what is made of them (`Tags`): so a number
/// is that of the rows. A number is in 16 rows, by the post, so that posts with a popular tag rarely wait for each
/// other's commits.
public enum PostTags {
    /// Of a post.
    struct Change: Sendable {
        let post: ID
        let author: ID
        /// What it had.
        var old: [String] = []
        var new: [TextTag] = []

        /// What it has, then what it had.
        var all: [String] {
            let names = new.map(\.name)
            return names + old.filter { !names.containsExactly($0) }
        }
    }

    private static let stripes: UInt64 = 16

    private static func stripe(of post: ID) -> Int {
        Int((UInt64(post.raw) &* 0x9E37_79B9_7F4A_7C15) >> 32 % stripes)
    }

    /// For the end of a transaction, for others may wait for these rows. All take tags in one order, names before numbers.
    static func changed(_ changes: [Change]) -> [SQL] {
        var (gone, added): ([(Change, String)], [(Change, TextTag)]) = ([], [])
        for change in changes {
            let kept = Set(change.old.map { ExactText($0) }).intersection(change.new.map { ExactText($0.name) })
            gone += change.old.filter { !kept.contains(ExactText($0)) }.map { (change, $0) }
            added += change.new.filter { !kept.contains(ExactText($0.name)) }.map { (change, $0) }
        }
        guard !gone.isEmpty || !added.isEmpty else { return [] }
        return named(added.map(\.1)) + [
            """
            WITH gone AS (
                DELETE FROM post_tags t
                USING unnest(\(gone.map(\.1))::text[], \(gone.map(\.0.post))::bigint[]) g (tag, post)
                WHERE t.tag = g.tag AND t.post_id = g.post RETURNING t.tag, t.stripe),
            added AS (
                INSERT INTO post_tags (tag, post_id, author_id, stripe)
                SELECT * FROM unnest(
                    \(added.map(\.1.name))::text[], \(added.map(\.0.post))::bigint[],
                    \(added.map(\.0.author))::bigint[], \(added.map { stripe(of: $0.0.post) })::smallint[])
                ON CONFLICT (tag, post_id) DO NOTHING RETURNING tag, stripe)
            INSERT INTO tag_counts AS c (tag, stripe, posts) \(summed("SELECT tag, stripe, -1 FROM gone UNION ALL SELECT tag, stripe, 1 FROM added"))
            """
        ]
    }

    /// Writes down the spelling of tags that nobody has used before.
    public static func named(_ tags: [TextTag]) -> [SQL] {
        guard !tags.isEmpty else { return [] }
        return [
            """
            INSERT INTO tags (name, display)
            SELECT DISTINCT ON (name) name, display
            FROM unnest(\(tags.map(\.name))::text[], \(tags.map(\.display))::text[]) n (name, display)
            WHERE NOT EXISTS (SELECT FROM tags t WHERE t.name = n.name)
            ORDER BY name ON CONFLICT (name) DO NOTHING
            """
        ]
    }

    /// The end of an `INSERT INTO tag_counts AS c`.
    /// - Parameter changes: rows of a tag, a stripe and a number.
    static func summed(_ changes: SQL) -> SQL {
        """
        SELECT tag, stripe, sum(n) FROM (\(changes)) d (tag, stripe, n) GROUP BY tag, stripe ORDER BY tag, stripe
        ON CONFLICT (tag, stripe) DO UPDATE SET posts = c.posts + excluded.posts
        """
    }

    /// By the numbers of tags.
    static let audit = CountAudit("tags") { position, limit in
        """
        SELECT t.number AS id, \(count(of: "t.name")) AS counted,
            (SELECT count(*) FROM post_tags p WHERE p.tag = t.name) AS found
        FROM tags t WHERE t.number > \(position) ORDER BY t.number LIMIT \(limit)
        """
    } repair: {
        """
        INSERT INTO tag_counts AS c (tag, stripe, posts)
        SELECT t.name, 0, w.found - w.counted FROM \($0) w JOIN tags t ON t.number = w.id ORDER BY t.name
        ON CONFLICT (tag, stripe) DO UPDATE SET posts = c.posts + excluded.posts
        """
    }

    // MARK: For what is made of them

    /// How many public posts have a tag, an expression of SQL.
    public static func count(of tag: SQL) -> SQL {
        "(SELECT COALESCE(sum(c.posts), 0)::bigint FROM tag_counts c WHERE c.tag = \(tag))"
    }

    /// Rows `name, display, posts` of tags that some post has, or had, or somebody follows.
    public static let all: SQL = "SELECT t.name, t.display, \(count(of: "t.name")) AS posts FROM tags t"

    /// Rows `number, name`.
    public static func names(of numbers: [ID]) -> SQL {
        "SELECT t.number, t.name FROM tags t WHERE t.number = ANY (\(numbers)::bigint[])"
    }

    /// Does the post, an expression of SQL, have it? Asked once for many rows.
    public static func has(_ tag: String, _ post: SQL) -> SQL {
        "SELECT EXISTS (SELECT FROM post_tags t WHERE t.tag = \(tag) AND t.post_id = \(post))"
    }

    /// Tags `t`: `t.tag`, `t.post_id` and `t.author_id` of public posts.
    public static let table: SQL = "post_tags t"

    /// Spellings `n`, of `table`.
    public static let displays: SQL = "JOIN tags n ON n.name = t.tag"
}
