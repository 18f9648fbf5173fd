import Core
import HTTPService
import Posts

/// Comments.
struct CommentOperations: Sendable {
    private static let tag = Tag("comments", "Comments on posts, and replies to them")
    let comments: Comments
    let reads: CommentLists
    let posts: Posts
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner

    var all: [Operation] {
        [
            Operation(
                .post, "/v1/posts/\(CommentPath.post)/comments", id: "createComment", tag: Self.tag,
                "Comment on a post",
                description: """
                    Who sees a post may comment on it, unless its `comments` says that its author's followers may, and the \
                    author, or nobody. Whoever sees the post sees its comments, also those of private accounts, but not \
                    those of users with whom there is a block, either way. A thread has \(Comments.mostLevels.description) \
                    levels at most; a reply to a comment of the last one is refused, one to a comment above it is not.
                    """,
                body: RequestBody("NewComment", CommentFields.text, CommentFields.parent),
                responses: [
                    .json(CommentView.component, "The comment was made.", status: 201, headers: [CommentView.location])
                ], problems: [.forbidden, .tooMany], idempotency: .key("comments"), largest: Self.mostJSON,
                handler: create),
            Operation(
                .get, "/v1/posts/\(CommentPath.post)/comments", id: "listComments", tag: Self.tag,
                "A post's comments",
                description: """
                    The top-level ones, each with the first of its replies. A page may have less than `limit`, also none, \
                    where the caller may not see some; `next` says whether there are more.
                    """,
                access: .optional, parameters: [CommentParameters.sort, PageParameters.limit, PageParameters.cursor],
                responses: [.json(ListedComment.list, "In the order that was asked for.")], handler: list),
            Operation(
                .get, "/v1/comments/\(CommentPath.id)", id: "getComment", tag: Self.tag, "A comment",
                access: .optional, responses: [.json(CommentView.component, "The comment.")], largest: Self.mostJSON,
                handler: show),
            Operation(
                .get, "/v1/comments/\(CommentPath.id)/replies", id: "listReplies", tag: Self.tag,
                "What is below a comment",
                description: """
                    All of it in one list, however deep: `parent_id` says what each replies to. Pages as those of a post's \
                    comments.
                    """,
                access: .optional, parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(CommentView.list, "Oldest first.")], handler: replies),
            Operation(
                .patch, "/v1/comments/\(CommentPath.id)", id: "editComment", tag: Self.tag, "Edit a comment",
                body: RequestBody("CommentEdit", CommentFields.text),
                responses: [.json(CommentView.component, "The comment as it is now.")],
                problems: [.forbidden, .tooMany],
                idempotency: .key("edit comment"), largest: Self.mostJSON, handler: edit),
            Operation(
                .delete, "/v1/comments/\(CommentPath.id)", id: "deleteComment", tag: Self.tag, "Delete a comment",
                description: """
                    Its author may, and the post's. One that has replies stays without author and text, `deleted`, until the \
                    last of them goes; another one is gone.
                    """,
                responses: [.noContent("The comment is deleted.")], problems: [.forbidden],
                idempotency: .key("delete comment"), handler: delete),
            Operation(
                .put, "/v1/comments/\(CommentPath.id)/like", id: "likeComment", tag: Self.tag, "Like a comment",
                responses: [.noContent("The caller likes the comment, perhaps since before.")],
                idempotency: .key("like comment"), handler: { try await like(true, $0) }),
            Operation(
                .delete, "/v1/comments/\(CommentPath.id)/like", id: "unlikeComment", tag: Self.tag,
                "Take the like of a comment back",
                responses: [.noContent("The caller does not like the comment.")],
                idempotency: .key("unlike comment"), handler: { try await like(false, $0) }),
        ]
    }

    /// Of one comment: 2,000 characters, each of which may become six, and its author.
    private static let mostJSON = 16_384

    // MARK: Writes

    @Sendable private func create(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            let comment = try await comments.create(
                transaction, on: request[CommentPath.post], below: request[CommentFields.parent],
                text: request[CommentFields.text], by: request.caller, request.trace)
            return StoredResponse(status: 201, location: "/v1/comments/\(comment.id)", body: Self.json(comment))
        }
    }

    @Sendable private func edit(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            let comment = try await comments.edit(
                transaction, request[CommentPath.id], text: request[CommentFields.text], caller: request.caller,
                request.trace)
            return StoredResponse(status: 200, body: Self.json(comment))
        }
    }

    @Sendable private func delete(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await comments.delete(
                transaction, request[CommentPath.id], caller: request.caller, request.trace)
            return StoredResponse(status: 204, body: [])
        }
    }

    private func like(_ isLiked: Bool, _ request: RequestContext) async throws -> Response {
        let comment = request[CommentPath.id]
        let statements = try comments.like(isLiked, comment, by: request.caller, request.trace)
        // One round trip.
        guard request.idempotencyKey != nil else {
            try comments.checkLiked(try await writes.run(statements), comment)
            return .noContent
        }
        return try await writes.run(request) { transaction in
            try comments.checkLiked(try await transaction.batch(statements), comment)
            return StoredResponse(status: 204, body: [])
        }
    }

    private static func json(_ comment: CommentView) -> [UInt8] {
        var json = ByteWriter(capacity: 512)
        comment.append(to: &json)
        return json.bytes
    }

    // MARK: Reads

    @Sendable private func show(_ request: RequestContext) async throws -> Response {
        let comment = try await shown(request[CommentPath.id], request)
        return .json { comment.append(to: &$0) }
    }

    private func shown(_ id: ID, _ request: RequestContext) async throws -> CommentView {
        guard let comment = try await reads.view(id, to: request.viewer) else { throw Comments.noComment(id) }
        return comment
    }

    @Sendable private func replies(_ request: RequestContext) async throws -> Response {
        let comment = request[CommentPath.id]
        let list = CommentList.replies(to: comment)
        let position = try request.position(list.cursor, cursors)
        return try await lists.read(request) {
            _ = try await shown(comment, request)
            return try await page(request, list, behind: position, withReplies: false)
        }
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        let post = request[CommentPath.post]
        let list: CommentList
        switch request[CommentParameters.sort] ?? .oldest {
        case .top: return try await top(request, of: post)
        case .oldest: list = .oldest(of: post)
        case .newest: list = .newest(of: post)
        }
        let position = try request.position(list.cursor, cursors)
        return try await lists.read(request) {
            try await checkPost(request, post)
            return try await page(request, list, behind: position, withReplies: true)
        }
    }

    private func checkPost(_ request: RequestContext, _ post: ID) async throws {
        guard try await posts.isVisible(post, to: request.viewer) else { throw Posts.noPost(post) }
    }

    private func page(
        _ request: RequestContext, _ list: CommentList, behind position: ID?, withReplies: Bool
    ) async throws -> Response {
        let limit = request[PageParameters.limit]
        let page = try await reads.page(
            list.next(behind: position, limit: limit + 1), limit: limit, to: request.viewer, withReplies: withReplies)
        return request.page(page) { item in
            PageCursor(below: item.id).encode(list.cursor, viewer: request.viewer ?? .zero, cursors)
        }
    }

    private func top(_ request: RequestContext, of post: ID) async throws -> Response {
        let (limit, viewer) = (request[PageParameters.limit], request.viewer ?? .zero)
        let text = request[PageParameters.cursor]
        let given = try text.map { text throws(Problem) in
            guard let place = TopPlace(text, of: post, viewer: viewer, cursors) else { throw .foreignCursor }
            return place
        }
        return try await lists.read(request) {
            try await checkPost(request, post)
            if let given { try await reads.check(given, of: post) }
            let place = if let given { given } else { try await reads.top(of: post, comments.ids) }
            let page = try await reads.page(
                place.next(of: post, limit: limit + 1), limit: limit, to: request.viewer, withReplies: true)
            return request.page(page) { item in
                TopPlace(ranking: place.ranking, behind: item.place, item.id).encode(of: post, viewer: viewer, cursors)
            }
        }
    }
}

extension RequestContext {
    /// `{"items", "next"?}` of those that the caller sees, cut where it gets too long.
    /// - Parameter cursor: behind an item.
    fileprivate func page(_ page: CommentLists.Page, cursor: (CommentLists.Page.Item) -> String) -> Response {
        let seen = page.items.filter { $0.shown != nil }
        return .json { writer in
            let count = writer.appendList(seen) { $1.shown!.append(to: &$0) }
            // Where all fit the list goes on behind those that are not seen, too.
            let last = count < seen.count ? seen[count - 1] : page.items.last
            if count < seen.count || page.hasMore { writer.appendNext(last.map(cursor)) }
            writer.append(ascii: "}")
        }
    }
}
