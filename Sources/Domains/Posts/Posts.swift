public import Accounts
public import Core
import HTTPService
import Outbox
public import Store

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
    public func prepare(author: ID, text: String, _ context: TraceContext) async throws -> (PostView, [Statement]) {
        guard let identity = try await users.identity(author) else {
            throw Problem(.unauthenticated, "the account has gone")
        }
        let post = PostView(
            id: try ids.next(), authorID: author, authorHandle: identity.handle,
            authorDisplayName: identity.displayName, text: text)
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
        _ transaction: Transaction, post: ID, caller: ID, _ context: TraceContext
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

    private func outbox(_ event: FeedEvent, post: ID, author: ID, _ context: TraceContext) -> Statement {
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

    /// Posts of one author, newest first, below an id; not more than `PostBytes.mostRead` has room for, and one more.
    public func list(of author: ID, below: ID, limit: Int) async throws -> [PostView] {
        try await database.query(
            """
            SELECT p.id, p.author_id, u.handle, u.display_name, p.text
            FROM (
                SELECT id, author_id, text, sum(octet_length(text)) OVER (ORDER BY id DESC) - octet_length(text) AS before
                FROM (
                    SELECT id, author_id, text FROM posts
                    WHERE author_id = $1 AND id < $2 AND deleted_at IS NULL ORDER BY id DESC LIMIT $3) l
            ) p JOIN users u ON u.id = p.author_id
            WHERE p.before < $4 ORDER BY p.id DESC
            """,
            [.integer(author.raw), .integer(below.raw), .integer(Int64(limit)), .integer(Int64(PostBytes.mostRead))]
        ).map { try PostRow.view($0) }
    }
}

/// How long posts may get, and what is read of them at once.
///
/// A statement that reads many posts ends at the post with which their texts reach `mostRead`, that one included: so the
/// database sends a bounded answer. As JSON, which is never shorter than the text, they are too long with that post: who
/// shows them leaves at least it out, and sees by that that there is more.
public enum PostBytes {
    /// Of a list, in bytes.
    public static let mostRead = Lists.mostBytes
    /// Of one post as JSON: 5,000 characters, each of which may become six, and its author.
    public static let mostJSON = 32_768

    /// Can there be no more of them in an answer?
    public static func areEnough(_ posts: [PostView]) -> Bool { of(posts) >= mostRead }

    public static func left(after posts: [PostView]) -> Int { max(0, mostRead - of(posts)) }

    private static func of(_ posts: [PostView]) -> Int { posts.reduce(0) { $0 + $1.text.utf8.count } }
}

/// How a post with its author's name is read.
public enum PostRow {
    public static func view(_ row: PgRows.Row) throws(PgError) -> PostView {
        PostView(
            id: ID(raw: try row.integer(0)), authorID: ID(raw: try row.integer(1)), authorHandle: try row.text(2),
            authorDisplayName: try row.text(3), text: try row.text(4))
    }
}
