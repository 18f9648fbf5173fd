import Core
import Posts
import Relations
import Store
import Tags

/// Statements that read to whom a slice's chunks go. Of a post with hashtags these are its author's followers and those of the
/// hashtags, each once, in one order: so a follower hears of all that happens to an author's posts through one partition of the
/// log, whatever he follows meanwhile. Their rows have `follows` (the author) and `tagged` (a hashtag that the post has now), too.
enum SliceFollowers {
    /// Rows `bucket, follower` in that order, behind a position.
    static func statement(_ slice: Chunk.Slice, behind position: ChunkPosition, limit: Int) -> SQL {
        let (behind, end) = ((position.bucket, position.follower), slice.buckets.upperBound)
        let followers = Follows.followers(of: slice.author, behind: behind, below: end, limit: limit)
        guard let tagged = slice.tagged else { return followers }
        // The first of all are among the first of each: so each leaves the author out itself, before it counts to the limit.
        let all = merged(slice, tagged, followers) {
            TagFollows.followers(of: $0, except: slice.author, behind: behind, below: end, limit: limit)
        }
        return "\(all) ORDER BY bucket, follower LIMIT \(limit)"
    }

    /// All of them in any order.
    static func statement(_ slice: Chunk.Slice) -> SQL {
        let followers = Follows.followers(of: slice.author, in: slice.buckets)
        guard let tagged = slice.tagged else { return followers }
        return merged(slice, tagged, followers) {
            TagFollows.followers(of: $0, except: slice.author, in: slice.buckets)
        }
    }

    private static func merged(
        _ slice: Chunk.Slice, _ tagged: TaggedPost, _ followers: SQL, _ ofTag: (String) -> SQL
    ) -> SQL {
        let ofTags: SQL = tagged.tags.reduce("") { parts, tag in
            """
            \(parts)
            UNION ALL
            SELECT t.bucket, t.follower, false, (\(PostTags.has(tag, "\(tagged.id)"))) FROM (\(ofTag(tag))) t
            """
        }
        return """
            SELECT bucket, follower, bool_or(follows) AS follows, bool_or(tagged) AS tagged FROM (
                SELECT f.bucket, f.follower, true AS follows, false AS tagged FROM (\(followers)) f\(ofTags)) f
            GROUP BY bucket, follower
            """
    }
}
