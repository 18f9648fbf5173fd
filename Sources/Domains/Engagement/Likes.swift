public import Core
import Outbox
import Posts
public import Store

/// Who likes what: posts, and what domains above have. A like, its counter and its event are one statement.
public struct Likes: Sendable {
    private let ids: IDGenerator

    public init(ids: IDGenerator) {
        self.ids = ids
    }

    /// Likes, or takes a like back; where it is so already nothing happens. Its row has `is_there`: is there such an object?
    ///
    /// One statement, and all that it waits for is at its end, so a crowd that likes one post does not queue up.
    /// - Parameters:
    ///   - isLiked: from now on.
    ///   - object: a statement of one row `id`: of the object, where there is one that the user sees.
    ///   - event: what happened, to be told where something did; `nil`: to nobody.
    ///   - post: by which the event is keyed.
    public func statement(
        isLiked: Bool, object: SQL, by user: ID, telling event: Envelope?, on post: ID
    ) throws -> SQL {
        let change: SQL =
            isLiked
            ? """
            INSERT INTO likes (object_id, user_id, id)
            SELECT o.id, \(user)::bigint, \(try ids.next())::bigint FROM object o
            ON CONFLICT (object_id, user_id) DO NOTHING RETURNING object_id, 1::bigint AS delta
            """
            : """
            DELETE FROM likes l USING object o WHERE l.object_id = o.id AND l.user_id = \(user)
            RETURNING l.object_id, -1::bigint AS delta
            """
        let told: SQL =
            if let event {
                ", told AS (\(Outbox.statement(topic: EngagementTopic.name, key: post, event, forEachOf: "changes")))"
            } else { "" }
        return """
            WITH object AS (\(object)), changes AS (\(change))\(told),
            \(Counters.counted(.likes, by: "changes", of: user))
            SELECT EXISTS (SELECT FROM object) AS is_there
            """
    }

    /// Does the reader, NULL for nobody, like the object? Both are expressions of SQL.
    public static func isLiked(_ object: SQL, by reader: SQL) -> SQL {
        "EXISTS (SELECT FROM likes l WHERE l.object_id = \(object) AND l.user_id = \(reader))"
    }

    /// Likes `l`: `l.object_id`, `l.user_id` and `l.id`, by its time.
    public static let table: SQL = "likes l"

    /// Rows of objects that are gone, for a statement that takes them out. Nothing is counted: the counters go, too.
    /// - Parameter objects: a list or a statement of ids.
    public static func removed(of objects: SQL) -> SQL { "DELETE FROM likes WHERE object_id IN (\(objects))" }

    /// Rows `other, id` of who likes an object, for a list of users.
    public static func users(of object: ID) -> SQL {
        "SELECT user_id AS other, id FROM likes WHERE object_id = \(object)"
    }

    /// Rows `post_id, id` of what a user likes, an expression of SQL, for a list of posts.
    static func posts(of user: SQL) -> SQL { "SELECT object_id AS post_id, id FROM likes WHERE user_id = \(user)" }
}
