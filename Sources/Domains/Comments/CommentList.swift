import Core
import HTTPService
import Store

/// A list of comments, a page of which is found by a key: whatever comes in between, what was there is given once.
enum CommentList: Sendable {
    /// A post's top-level ones.
    case oldest(of: ID)
    case newest(of: ID)
    /// All below a comment, the oldest first.
    case replies(to: ID)

    var cursor: PageCursor.List {
        switch self {
        case .newest(let post): .init(tag: 18, subject: post)
        case .oldest(let post): .init(tag: 19, subject: post)
        case .replies(let comment): .init(tag: 28, subject: comment)
        }
    }

    /// Rows `id, place`: the next ones, in the order of their places.
    /// - Parameter position: the last one that was given; `nil`: none was.
    func next(behind position: ID?, limit: Int) -> SQL {
        switch self {
        case .oldest(let post):
            """
            SELECT id, id AS place FROM comments
            WHERE post_id = \(post) AND parent_id IS NULL AND id > \(position ?? .zero) ORDER BY id LIMIT \(limit)
            """
        case .newest(let post):
            """
            SELECT id, -id AS place FROM comments
            WHERE post_id = \(post) AND parent_id IS NULL AND id < \(position ?? .max) ORDER BY id DESC LIMIT \(limit)
            """
        case .replies(let comment):
            """
            SELECT id, id AS place FROM comment_replies
            WHERE ancestor_id = \(comment) AND id > \(position ?? .zero) ORDER BY id LIMIT \(limit)
            """
        }
    }
}
