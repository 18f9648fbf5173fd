import Core
import HTTPService
import Runtime
import Social
import Synchronization
import Wire

/// Posts.
struct PostRoutes: Sendable {
    let services: Services

    var routes: [Route] {
        [
            Route("POST", "/v1/posts", .signedIn, .write, largest: PostBytes.mostJSON) { try await create($0) },
            Route("POST", "/posts", .signedIn, .write, largest: PostBytes.mostJSON) { try await create($0) },
            Route("GET", "/v1/posts/{id}", .optional, .read, largest: PostBytes.mostJSON) { scope in
                let id = try scope.id()
                guard let post = try await services.posts.view(id) else {
                    throw Problem(.notFound, "there is no post \(id)")
                }
                return .json { post.append(to: &$0) }
            },
            Route("DELETE", "/v1/posts/{id}", .signedIn, .write) { try await delete($0) },
            Route("GET", "/v1/users/{id}/posts", .optional, .read, parameters: ["limit", "cursor"]) {
                try await list($0)
            },
        ]
    }

    private func create(_ scope: RequestScope) async throws -> Answer {
        let text = try Fields.text(try scope.body(["text"]).string("text"))
        let author = scope.caller
        let (post, statements) = try await services.posts.prepare(author: author, text: text, scope.context)
        var json = ByteWriter(capacity: 512)
        post.append(to: &json)
        let stored = StoredAnswer(status: 201, location: "/v1/posts/\(post.id)", body: json.bytes)
        let answer: Answer
        let previous = Mutex(ID.zero)
        if try scope.idempotencyKey() == nil {
            // The one write that must be fast: a single round trip.
            let results = try await services.writes.run(statements)
            try previous.withLock { $0 = try Posts.previous(results) }
            answer = .json(stored.body, status: stored.status, headers: [("Location", stored.location!)])
        } else {
            answer = try await services.writes.run(scope, user: author, route: "posts") { transaction in
                let results = try await transaction.batch(statements)
                try previous.withLock { $0 = try Posts.previous(results) }
                return stored
            }
        }
        // A replayed answer tells of the first post; the one that was prepared just now does not exist.
        guard !answer.isReplay else { return answer }
        Log.info(
            "posted",
            [
                "request_id": .text(scope.requestID), "post": .text(post.id.description),
                "author": .text(author.description),
            ])
        await showToAuthor(post, after: previous.withLock { $0 }, scope)
        return answer
    }

    /// How long an answer waits for the author's own feed: Redis may hang, and the fan-out brings the post anyway.
    private static let patience = 100

    /// The author's own feed has the post before the answer is read. The fan-out brings it again, which changes nothing.
    private func showToAuthor(_ post: PostView, after previous: ID, _ scope: RequestScope) async {
        let event = TimelineEvent(
            .created, post: post.id, author: post.authorID,
            payload: TaggedEvent.join(requestID: scope.requestID, FeedEvent.created(post).json))
        let timelines = services.feeds.timelines
        let isShown = await ends(within: Self.patience) {
            (try? await timelines.deliverToAuthor(event, after: previous)) != nil
        }
        if !isShown {
            Log.debug("own feed waits for the fan-out", ["request_id": .text(scope.requestID)])
        }
    }

    private func delete(_ scope: RequestScope) async throws -> Answer {
        try scope.expectNoFields()
        let id = try scope.id()
        return try await services.writes.run(scope, user: scope.caller, route: "delete post") { transaction in
            try await services.posts.delete(transaction, post: id, caller: scope.caller, scope.context)
            return StoredAnswer(status: 204, body: [])
        }
    }

    private func list(_ scope: RequestScope) async throws -> Answer {
        let user = try scope.id()
        let limit = try scope.limit()
        let below = try scope.below(.posts(of: user), services.cursors)
        return try await services.lists.read(scope) {
            guard try await services.users.identity(user) != nil else {
                throw Problem(.notFound, "there is no user \(user)")
            }
            let posts = try await services.posts.list(of: user, below: below, limit: limit + 1)
            return .json { writer in
                let shown = writer.appendList(posts.prefix(limit)) { $1.append(to: &$0) }
                writer.appendNext(
                    shown == posts.count
                        ? nil
                        : PageCursor(below: posts[shown - 1].id).encode(
                            .posts(of: user), viewer: scope.viewer ?? .zero, services.cursors))
                writer.append(ascii: "}")
            }
        }
    }
}
