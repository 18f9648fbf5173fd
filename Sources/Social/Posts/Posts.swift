public import Core
public import Store
public import Wire

/// Posts. A change, its counter and its event are one transaction.
public struct Posts: Sendable {
    private let database: Database
    private let ids: IDGenerator
    private let users: Users
    private let clock: any WallClock

    public init(database: Database, ids: IDGenerator, users: Users, clock: any WallClock) {
        self.database = database
        self.ids = ids
        self.users = users
        self.clock = clock
    }

    /// Makes a post and the statements that store it; they are one transaction. Nothing is stored yet.
    /// `previous` reads their results.
    /// - Parameter text: checked and trimmed.
    public func prepare(author: ID, text: String, _ context: RequestContext) async throws -> (PostView, [Statement]) {
        guard let identity = try await users.identity(author) else {
            throw Problem(.unauthenticated, "the account has gone")
        }
        let post = PostView(
            id: ids.next(), authorID: author, authorHandle: identity.handle, authorDisplayName: identity.displayName,
            text: text)
        let statements = [
            Statement(
                "INSERT INTO posts (id, author_id, text) VALUES ($1, $2, $3)",
                [.integer(post.id.raw), .integer(author.raw), .text(text)]),
            // The row's lock puts the author's posts and their events in order. NO KEY: the post's foreign key holds KEY SHARE on the row,
            // and two posts would wait for each other.
            Statement(
                """
                UPDATE users u SET posts = u.posts + 1, last_post = $2
                FROM (SELECT id, last_post FROM users WHERE id = $1 FOR NO KEY UPDATE) before
                WHERE u.id = before.id RETURNING before.last_post
                """, [.integer(author.raw), .integer(post.id.raw)]),
            outbox(.created(post), post: post.id, author: author, context),
        ]
        return (post, statements)
    }

    /// The author's post that was accepted before the one that these results are of; `.zero`: it is the first.
    public static func previous(_ results: [PgRows]) throws -> ID {
        ID(raw: try results[1].first?.integer(0) ?? 0)
    }

    /// Deletes a post of the caller; one that is deleted already is fine.
    public func delete(
        _ transaction: Transaction, post: ID, caller: ID, _ context: RequestContext
    ) async throws {
        let rows = try await transaction.query(
            "SELECT author_id, deleted_at IS NOT NULL FROM posts WHERE id = $1 FOR UPDATE", [.integer(post.raw)])
        guard let row = rows.first else { throw Problem(.notFound, "there is no post \(post)") }
        guard try row.integer(0) == caller.raw else { throw Problem(.forbidden, "only its author may delete a post") }
        guard !(try row.bool(1)) else { return }
        try await transaction.batch([
            Statement("UPDATE posts SET deleted_at = now() WHERE id = $1", [.integer(post.raw)]),
            Statement("UPDATE users SET posts = posts - 1 WHERE id = $1", [.integer(caller.raw)]),
            outbox(.deleted(post), post: post, author: caller, context),
        ])
    }

    private func outbox(_ event: FeedEvent, post: ID, author: ID, _ context: RequestContext) -> Statement {
        var headers = EventHeaders(
            type: event.type, eventID: uuidV7(clock: clock), requestID: context.requestID,
            traceparent: context.traceparent)
        headers.post = post
        headers.author = author
        return Outbox.statement(topic: TopicName.postEvents, key: author, value: event.json, headers: headers)
    }

    public func view(_ id: ID) async throws -> PostView? {
        try await database.query(
            """
            SELECT p.id, p.author_id, u.handle, u.display_name, p.text
            FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id = $1 AND p.deleted_at IS NULL
            """, [.integer(id.raw)]
        ).first.map { try PostRow.view($0) }
    }

    /// Posts of one author, newest first, below an id.
    public func list(of author: ID, below: ID, limit: Int) async throws -> [PostView] {
        try await database.query(
            """
            SELECT p.id, p.author_id, u.handle, u.display_name, p.text
            FROM posts p JOIN users u ON u.id = p.author_id
            WHERE p.author_id = $1 AND p.id < $2 AND p.deleted_at IS NULL ORDER BY p.id DESC LIMIT $3
            """, [.integer(author.raw), .integer(below.raw), .integer(Int64(limit))]
        ).map { try PostRow.view($0) }
    }
}

/// How a post with its author's name is read.
enum PostRow {
    static func view(_ row: PgRows.Row) throws(PgError) -> PostView {
        PostView(
            id: ID(raw: try row.integer(0)), authorID: ID(raw: try row.integer(1)), authorHandle: try row.text(2),
            authorDisplayName: try row.text(3), text: try row.text(4))
    }
}
