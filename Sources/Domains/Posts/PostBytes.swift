import HTTPService

/// How long posts may get, and what is read of them at once.
///
/// A statement that reads many posts ends at the post with which their texts reach `mostRead`, that one included: so the
/// database sends a bounded answer. As JSON, which is never shorter than the text, they are too long with that post: who
/// shows them leaves at least it out, and sees by that that there is more.
public enum PostBytes {
    /// Of a list, in bytes.
    public static let mostRead = Lists.mostBytes
    /// Of one post as JSON: 5,000 characters, each of which may become six, its author, and a poll.
    public static let mostJSON = 40_960

    /// Can there be no more of them in an answer?
    public static func areEnough(_ posts: [PostView]) -> Bool { of(posts) >= mostRead }

    public static func left(after posts: [PostView]) -> Int { max(0, mostRead - of(posts)) }

    private static func of(_ posts: [PostView]) -> Int { posts.reduce(0) { $0 + $1.text.utf8.count } }
}
