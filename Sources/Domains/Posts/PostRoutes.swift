import Accounts
import Core
import HTTPService
import Synchronization

/// Posts.
struct PostRoutes: Sendable {
    let posts: Posts
    let users: Users
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    let feeds: any PostObserver

    var routes: [Route] {
        [
            Route("POST", "/v1/posts", .signedIn, .write, largest: PostBytes.mostJSON) { try await create($0) },
            Route("POST", "/posts", .signedIn, .write, largest: PostBytes.mostJSON) { try await create($0) },
            Route("GET", "/v1/posts/{id}", .optional, .read, largest: PostBytes.mostJSON) { scope in
                let id = try scope.id()
                guard let post = try await posts.view(id, to: scope.viewer) else {
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
        let text = try PostFields.text(try scope.body(["text"]).string("text"))
        let author = scope.caller
        let (post, statements) = try await posts.prepare(author: author, text: text, scope.context)
        var json = ByteWriter(capacity: 512)
        post.append(to: &json)
        let stored = StoredAnswer(status: 201, location: "/v1/posts/\(post.id)", body: json.bytes)
        let answer: Answer
        let previous = Mutex(ID.zero)
        if try scope.idempotencyKey() == nil {
            // The one write that must be fast: a single round trip.
            let results = try await writes.run(statements)
            try previous.withLock { $0 = try Posts.previous(results) }
            answer = .json(stored.body, status: stored.status, headers: [("Location", stored.location!)])
        } else {
            answer = try await writes.run(scope, user: author, route: "posts") { transaction in
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
        await feeds.posted(post, after: previous.withLock { $0 }, scope.context)
        return answer
    }

    private func delete(_ scope: RequestScope) async throws -> Answer {
        try scope.expectNoFields()
        let id = try scope.id()
        return try await writes.run(scope, user: scope.caller, route: "delete post") { transaction in
            try await posts.delete(transaction, post: id, caller: scope.caller, scope.context)
            return StoredAnswer(status: 204, body: [])
        }
    }

    private func list(_ scope: RequestScope) async throws -> Answer {
        let user = try scope.id()
        let limit = try scope.limit()
        let below = try scope.below(PageCursor.List(tag: 2, subject: user), cursors)
        return try await lists.read(scope) {
            guard try await users.identity(user) != nil else {
                throw Problem(.notFound, "there is no user \(user)")
            }
            let posts = try await posts.list(of: user, to: scope.viewer, below: below, limit: limit + 1)
            return .json { writer in
                let shown = writer.appendList(posts.prefix(limit)) { $1.append(to: &$0) }
                writer.appendNext(
                    shown == posts.count
                        ? nil
                        : PageCursor(below: posts[shown - 1].id).encode(
                            PageCursor.List(tag: 2, subject: user), viewer: scope.viewer ?? .zero, cursors))
                writer.append(ascii: "}")
            }
        }
    }
}
