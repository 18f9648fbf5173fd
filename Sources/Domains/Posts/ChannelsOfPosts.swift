public import Core
import Live
public import Store

/// Channels of one kind, each of which is open to who sees some post: where that becomes another question, it is asked again.
public struct ChannelsOfPosts: Sendable {
    public static let posts = ChannelsOfPosts(ChannelName.postKind, "SELECT id, id AS post_id FROM posts")

    public let kind: String
    private let rows: SQL

    /// - Parameter rows: `id`, the key of a channel, and `post_id`; with an index by each.
    public init(_ kind: String, _ rows: SQL) {
        (self.kind, self.rows) = (kind, rows)
    }

    /// Rows `id`: which of these keys are of posts of an author.
    public func select(_ keys: [ID], of author: ID) -> SQL {
        """
        SELECT c.id FROM (\(rows)) c JOIN posts p ON p.id = c.post_id
        WHERE c.id = ANY (\(keys)::bigint[]) AND p.author_id = \(author)
        """
    }

    /// Rows `id`: the keys of posts' channels.
    public func select(of posts: [ID]) -> SQL {
        "SELECT c.id FROM (\(rows)) c WHERE c.post_id = ANY (\(posts)::bigint[])"
    }
}
