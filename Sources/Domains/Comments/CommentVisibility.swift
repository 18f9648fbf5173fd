import Relations
import Store

/// What a reader may see of a comment: who sees its post sees it, but for what somebody has written who may not be in a list
/// for him (`Audience`). Whether he sees the post is asked with `PostVisibility`.
///
/// A deleted comment is nobody's any more: who sees the post sees that it was there.
enum CommentVisibility {
    /// - Parameters:
    ///   - comment: a row of `comments`.
    ///   - reader: his id, an expression of SQL; NULL: not signed in.
    static func sql(_ comment: SQL, to reader: SQL) -> SQL {
        // Of no author nothing is true that would hide him.
        Audience.isListed("\(comment).author_id", for: reader)
    }
}
