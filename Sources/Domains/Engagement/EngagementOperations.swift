import Accounts
import Core
import HTTPService
import Posts
import Relations

/// Likes and views of posts.
struct EngagementOperations: Sendable {
    private static let tag = Tag("engagement", "Likes and views of posts")
    private static let post = PathParameter.id("id", "Of the post.")
    private static let owner = PathParameter.id("id", "The caller's own.")

    let likes: PostLikes
    let views: Views
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner

    var all: [Operation] {
        [
            Operation(
                .put, "/v1/posts/\(Self.post)/like", id: "likePost", tag: Self.tag, "Like a post",
                responses: [.noContent("The caller likes the post, perhaps since before.")],
                idempotency: .key("like"), handler: { try await set(true, $0) }),
            Operation(
                .delete, "/v1/posts/\(Self.post)/like", id: "unlikePost", tag: Self.tag, "Take a like back",
                responses: [.noContent("The caller does not like the post.")],
                idempotency: .key("unlike"), handler: { try await set(false, $0) }),
            Operation(
                .get, "/v1/posts/\(Self.post)/likes", id: "listLikes", tag: Self.tag, "Who likes a post",
                access: .optional, parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(UserView.list, "Newest like first; those whom the caller may see.")],
                handler: users),
            Operation(
                .get, "/v1/users/\(Self.owner)/likes", id: "listLikedPosts", tag: Self.tag,
                "Posts that the caller likes", parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(PostView.list, "Newest like first; those that the caller sees.")],
                problems: [.forbidden], handler: posts),
            Operation(
                .post, "/v1/views", id: "addViews", tag: Self.tag, "Tell which posts were seen",
                description:
                    "A viewer counts once a day for a post, the author never. The posts' `counts.views` follow within the hour.",
                lane: .write(makesEvents: false), body: RequestBody("Views", ViewFields.posts),
                responses: [.noContent("They count. So does nothing that the caller can't see.")],
                idempotency: .key("views"), handler: saw),
        ]
    }

    private func set(_ isLiked: Bool, _ request: RequestContext) async throws -> Response {
        let post = request[Self.post]
        let statement = try likes.statement(isLiked: isLiked, post, by: request.caller, request.trace)
        // One round trip.
        guard request.idempotencyKey != nil else {
            try likes.check(try await writes.run([statement])[0], post)
            return .noContent
        }
        return try await writes.run(request) { transaction in
            try likes.check(try await transaction.query(statement), post)
            return StoredResponse(status: 204, body: [])
        }
    }

    @Sendable private func users(_ request: RequestContext) async throws -> Response {
        let post = request[Self.post]
        return try await likes.profiles.page(
            of: Likes.users(of: post), PageCursor.List(tag: 15, subject: post), request, lists, cursors
        ) {
            guard try await likes.posts.isVisible(post, to: request.viewer) else { throw Posts.noPost(post) }
        }
    }

    @Sendable private func posts(_ request: RequestContext) async throws -> Response {
        guard request[Self.owner] == request.caller else {
            throw Problem(.forbidden, "whom a user's likes are of is shown to the user only")
        }
        return try await likes.posts.page(
            of: Likes.posts, PageCursor.List(tag: 16, subject: request.caller), request, lists, cursors)
    }

    @Sendable private func saw(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { _ in
            try await views.saw(request[ViewFields.posts], viewer: request.caller)
            return StoredResponse(status: 204, body: [])
        }
    }
}
