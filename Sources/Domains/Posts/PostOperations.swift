import Core
import HTTPService
import Relations

/// Posts.
struct PostOperations: Sendable {
    private static let tag = Tag("posts", "Posts")
    let posts: Posts
    let profiles: Profiles
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    let feeds: any PostObserver

    var all: [Operation] {
        [
            creation("/v1/posts", id: "createPost", "Write a post"),
            Operation(
                .get, "/v1/posts/\(PostPath.id)", id: "getPost", tag: Self.tag, "A post", access: .optional,
                responses: [.json(PostView.component, "The post.")], largest: PostBytes.mostJSON, handler: show),
            Operation(
                .delete, "/v1/posts/\(PostPath.id)", id: "deletePost", tag: Self.tag, "Delete a post",
                responses: [.noContent("The post is gone, perhaps since before.")], problems: [.forbidden],
                idempotency: .key("delete post"), handler: delete),
            Operation(
                .get, "/v1/users/\(PostPath.author)/posts", id: "listPosts", tag: Self.tag, "A user's posts",
                access: .optional, parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(PostView.list, "Newest first.")], handler: list),
            Operation(
                .patch, "/v1/posts/\(PostPath.id)", id: "editPost", tag: Self.tag, "Edit a post",
                description: "A JSON merge: what is left out stays. What it was before is in its history.",
                body: RequestBody("PostEdit", PostFields.newText, PostFields.newComments),
                responses: [.json(PostView.component, "The post as it is now.")],
                problems: [.forbidden, .tooMany] + posts.attachments.flatMap(\.editProblems),
                idempotency: .key("edit post"), largest: PostBytes.mostJSON, handler: edit),
            Operation(
                .get, "/v1/posts/\(PostPath.id)/history", id: "listPostVersions", tag: Self.tag,
                "What a post was before",
                access: .optional, parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(PostVersion.list, "All its versions, the one of now first.")], handler: history),
            creation("/posts", id: "createPostShort", "Short form of writing a post"),
        ]
    }

    private func creation(_ path: Path, id: String, _ summary: String) -> Operation {
        Operation(
            .post, path, id: id, tag: Self.tag, summary,
            description: "The text may be left out where there is something else, such as a poll.",
            body: RequestBody(
                "NewPost",
                fields: [
                    PostFields.newText.declaration, PostFields.visibility.declaration, PostFields.comments.declaration,
                ] + posts.attachments.map(\.declaration), needsOne: true),
            responses: [
                .json(PostView.component, "The post was made.", status: 201, headers: [PostView.location])
            ], problems: [.missingField], idempotency: .key("posts"), largest: PostBytes.mostJSON, handler: create)
    }

    @Sendable private func show(_ request: RequestContext) async throws -> Response {
        let id = request[PostPath.id]
        guard let post = try await posts.view(id, to: request.viewer) else {
            throw Posts.noPost(id)
        }
        return .json { post.append(to: &$0) }
    }

    @Sendable private func create(_ request: RequestContext) async throws -> Response {
        let author = request.caller
        let parts = posts.attachments.compactMap { $0.read(request) }
        let text = request[PostFields.newText]
        guard text != nil || !parts.isEmpty else {
            throw Problem(.missingField, "a post has a text, or something else", field: "text")
        }
        let (draft, (response, told)) = try await posts.create(
            author: author, text: text ?? "", with: parts, for: request[PostFields.visibility],
            comments: request[PostFields.comments], request.trace
        ) { try await store($0, request) }
        // A replayed response tells of the first post; the one that was prepared just now does not exist.
        guard let previous = told else { return response }
        Log.info(
            .postCreated,
            [
                "request_id": .text(request.requestID), "post": .text(draft.post.id.description),
                "author": .text(author.description),
            ])
        await feeds.posted(draft.event, after: previous)
        return response
    }

    private func store(
        _ draft: Posts.Draft, _ request: RequestContext
    ) async throws -> (response: Response, told: ID?) {
        var json = ByteWriter(capacity: 512)
        try posts.rows.ofNew(draft.post, attached: draft.own).append(to: &json)
        let stored = StoredResponse(status: 201, location: "/v1/posts/\(draft.post.id)", body: json.bytes)
        let statements = draft.statements
        // The one write that must be fast: a single round trip.
        guard request.idempotencyKey != nil else {
            let previous = try Posts.previous(try await writes.run(statements))
            return (.json(stored.body, status: stored.status, headers: [("Location", stored.location!)]), previous)
        }
        return try await writes.run(request) { transaction in
            (stored, try Posts.previous(try await transaction.batch(statements)))
        }
    }

    @Sendable private func delete(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await posts.delete(transaction, post: request[PostPath.id], caller: request.caller, request.trace)
            return StoredResponse(status: 204, body: [])
        }
    }

    @Sendable private func edit(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            let post = try await posts.edit(
                transaction, post: request[PostPath.id], text: request[PostFields.newText],
                comments: request[PostFields.newComments], caller: request.caller, request.trace)
            var json = ByteWriter(capacity: 512)
            post.append(to: &json)
            return StoredResponse(status: 200, body: json.bytes)
        }
    }

    @Sendable private func history(_ request: RequestContext) async throws -> Response {
        let (post, limit) = (request[PostPath.id], request[PageParameters.limit])
        let list = PageCursor.List(tag: 13, subject: post)
        let below = try request.below(list, cursors)
        return try await lists.read(request) {
            guard try await posts.isVisible(post, to: request.viewer) else { throw Posts.noPost(post) }
            let found = try await posts.versions(of: post, to: request.viewer, below: below, limit: limit + 1)
            return request.page(found.prefix(limit), hasMore: found.count > limit, list, cursors, id: \.id) {
                $1.append(to: &$0)
            }
        }
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        let user = request[PostPath.author]
        let list = PageCursor.List(tag: 2, subject: user)
        let below = try request.below(list, cursors)
        return try await lists.read(request) {
            _ = try await profiles.audience(of: user, viewer: request.viewer)
            let limit = request[PageParameters.limit]
            let posts = try await posts.list(of: user, to: request.viewer, below: below, limit: limit + 1)
            return request.page(posts.prefix(limit), hasMore: posts.count > limit, list, cursors, id: \.id) {
                $1.append(to: &$0)
            }
        }
    }
}
