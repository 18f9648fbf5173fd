import Core
import HTTPService
import Posts
import Relations
import Store

/// May somebody who sees a post comment on it?
struct CommentPermission: Sendable {
    let access: CommentAccess
    let isAuthor: Bool
    let isFollower: Bool

    /// What it is made from, of a row of `posts`.
    static func columns(_ post: SQL, for user: SQL) -> SQL {
        """
        \(post).comments, \(post).author_id = \(user) AS is_author,
        \(Follows.exists(follower: user, followee: "\(post).author_id")) AS is_follower
        """
    }

    init(_ row: PgRow) throws(PgError) {
        access = try CommentAccess(row)
        (isAuthor, isFollower) = (try row.bool("is_author"), try row.bool("is_follower"))
    }

    func check() throws(Problem) {
        switch access {
        case .all: return
        case .followers where isAuthor || isFollower: return
        case .followers: throw Problem(.forbidden, "only followers of its author may comment on this post")
        case .none: throw Problem(.forbidden, "nobody may comment on this post")
        }
    }
}
