import Core
import HTTPService
import Posts

/// Bookmarks.
struct BookmarkOperations: Sendable {
    private static let tag = Tag("bookmarks", "Posts that the caller wants to find again; nobody else sees them")
    private static let post = PathParameter.id("id", "Of the post.")
    let bookmarks: Bookmarks
    let posts: Posts
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner

    var all: [Operation] {
        [
            Operation(
                .put, "/v1/posts/\(Self.post)/bookmark", id: "addBookmark", tag: Self.tag, "Bookmark a post",
                lane: .write(makesEvents: false),
                responses: [.noContent("The post is among the caller's bookmarks, perhaps since before.")],
                idempotency: .key("bookmark"), handler: add),
            Operation(
                .delete, "/v1/posts/\(Self.post)/bookmark", id: "removeBookmark", tag: Self.tag, "Remove a bookmark",
                lane: .write(makesEvents: false),
                responses: [.noContent("The post is not among the caller's bookmarks.")],
                idempotency: .key("unbookmark"), handler: remove),
            Operation(
                .get, "/v1/me/bookmarks", id: "listBookmarks", tag: Self.tag, "The caller's bookmarks",
                parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(PostView.list, "Newest bookmark first; without posts that were deleted.")],
                handler: list),
        ]
    }

    @Sendable private func add(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await bookmarks.add(transaction, post: request[Self.post], for: request.caller)
            return StoredResponse(status: 204, body: [])
        }
    }

    @Sendable private func remove(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await bookmarks.remove(transaction, post: request[Self.post], for: request.caller)
            return StoredResponse(status: 204, body: [])
        }
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        try await posts.page(
            of: Bookmarks.entries, PageCursor.List(tag: 6, subject: request.caller), request, lists, cursors)
    }
}
