import Core
import HTTPService
import Posts
import Relations
import Store

/// Likes of posts.
struct PostLikes: Sendable {
    let likes: Likes
    let posts: Posts
    let profiles: Profiles
    let clock: any WallClock

    func statement(isLiked: Bool, _ post: ID, by user: ID, _ context: TraceContext) throws -> SQL {
        let visible: SQL = """
            SELECT p.id FROM posts p WHERE p.id = \(post) AND \(PostVisibility.sql("p", to: "\(user)"))
            """
        return try likes.statement(
            isLiked: isLiked, object: visible, by: user, telling: event(isLiked: isLiked, post, user, context), on: post
        )
    }

    private func event(isLiked: Bool, _ post: ID, _ user: ID, _ context: TraceContext) -> Envelope {
        let event: EngagementEvent = isLiked ? .liked : .unliked
        let payload = FlatJSON.encode([
            "type": event.rawValue, "post_id": post.description, "user_id": user.description,
        ])
        var envelope = Envelope(event.kind, eventID: uuidV7(clock: clock), context, payload: Array(payload.utf8))
        envelope[.post] = post
        envelope[.user] = user
        return envelope
    }

    /// Takes back some of what a user likes, who leaves.
    /// - Returns: how many.
    func takeBack(_ transaction: Transaction, of user: ID, limit: Int) async throws -> Int {
        let found = try await transaction.query(
            """
            SELECT l.object_id, EXISTS (SELECT FROM posts p WHERE p.id = l.object_id) AS is_post
            FROM likes l WHERE l.user_id = \(user) ORDER BY l.object_id LIMIT \(limit)
            """
        ).map { (id: try $0.id("object_id"), isPost: try $0.bool("is_post")) }
        guard !found.isEmpty else { return 0 }
        try await transaction.batch(
            try found.map { object in
                try likes.statement(
                    isLiked: false, object: "SELECT \(object.id)::bigint AS id", by: user,
                    telling: object.isPost
                        ? event(isLiked: false, object.id, user, TraceContext(requestID: "")) : nil,
                    on: object.id)
            })
        return found.count
    }

    /// - Parameter rows: of `statement`.
    /// - Throws: `Problem` where there is no such post for the user.
    func check(_ rows: PgRows, _ post: ID) throws {
        guard try rows[0].bool("is_there") else { throw Posts.noPost(post) }
    }
}
