public import Accounts
public import Core
public import HTTPService
import Outbox
import Relations
public import Store

/// Posts. A change, its counter and its event are one transaction.
public struct Posts: Sendable {
    let database: Database
    let ids: IDGenerator
    /// How they are read.
    public let rows: PostRow
    let attachments: [PostAttachment]
    private let users: Users
    let clock: any WallClock

    /// - Parameter attachments: what posts may have beside their text.
    public init(
        database: Database, ids: IDGenerator, rows: PostRow, attachments: [PostAttachment], users: Users,
        clock: any WallClock
    ) {
        self.database = database
        self.ids = ids
        self.rows = rows
        self.attachments = attachments
        self.users = users
        self.clock = clock
    }

    /// A post, its event and the statements that store both; they are one transaction. `previous` reads their results.
    public struct Draft: Sendable {
        public let post: PostView
        public let event: Envelope
        public let statements: [SQL]
        /// Keys of its JSON that are its author's only.
        let own: [UInt8]
    }

    /// Makes a post, which is stored by `store`, once.
    /// - Parameters:
    ///   - text: checked and trimmed; empty where there is something else.
    ///   - parts: what there is beside the text.
    ///   - visibility: `nil`: as the account is.
    ///   - comments: who may comment.
    func create<Stored: Sendable>(
        author: ID, text: String, with parts: [PostAttachment.Making], for visibility: Visibility?,
        comments: CommentAccess, _ context: TraceContext, storing store: (Draft) async throws -> Stored
    ) async throws -> (draft: Draft, stored: Stored) {
        for _ in 0..<3 {
            let draft = try await prepare(
                author: author, text: text, with: parts, for: visibility, comments: comments, context)
            do {
                return (draft, try await store(draft))
            } catch let error as PgError where Users.saysChanged(error) {
                users.forget(author)
            }
        }
        throw Problem(.overloaded, "the account changes all the time: try again", retryAfter: 1)
    }

    private func prepare(
        author: ID, text: String, with parts: [PostAttachment.Making], for visibility: Visibility?,
        comments: CommentAccess, _ context: TraceContext
    ) async throws -> Draft {
        guard let identity = try await users.identity(author) else {
            throw Problem(.unauthenticated, "the account has gone")
        }
        let level = visibility ?? (identity.isPrivate ? .followers : .public)
        let text = try await PostText(text, by: author, for: level, asking: database.query)
        let id = try ids.next()
        let parts = try parts.map { try $0(id, author) }
        let post = PostView(
            id: id, authorID: author, authorHandle: identity.handle,
            authorDisplayName: identity.displayName, text: text.text, visibility: level, entities: text.entities,
            comments: comments, facts: parts.flatMap(\.told))
        let event = FeedEvent.created(post).envelope(
            author: author, tags: level == .public ? post.entities.tags : [], eventID: uuidV7(of: post.id), context)
        let tags = level == .public ? [PostTags.Change(post: post.id, author: author, new: text.tags)] : []
        let statements: [SQL] = [
            """
            INSERT INTO posts (id, author_id, visibility, comments, \(PostText.columns))
            VALUES (\(post.id), \(Users.unchanged(author, identity)), \(post.visibility.rawValue),
                \(comments.rawValue), \(text.values))
            """,
            // The row's lock puts the author's posts and their events in order. NO KEY: the post's foreign key holds KEY SHARE on the row,
            // and two posts would wait for each other.
            """
            UPDATE users u SET posts = u.posts + 1, last_post = \(post.id)
            FROM (SELECT id, last_post FROM users WHERE id = \(author) FOR NO KEY UPDATE) before
            WHERE u.id = before.id RETURNING before.last_post
            """,
            Outbox.statement(topic: PostEvent.topic, key: author, event),
        ]
        return Draft(
            post: post, event: event,
            statements: statements + parts.flatMap(\.statements) + PostTags.changed(tags), own: parts.flatMap(\.own))
    }

    /// The author's post that was accepted before the one that these results are of; `.zero`: it is the first.
    public static func previous(_ results: [PgRows]) throws -> ID {
        try results[1].first?.id("last_post") ?? .zero
    }

    /// Deletes a post of the caller; one that is deleted already is fine.
    public func delete(
        _ transaction: Transaction, post: ID, caller: ID, _ context: TraceContext
    ) async throws {
        let found = try await own(transaction, post: post, caller: caller, to: "delete")
        guard !found.isDeleted else { return }
        let tags = found.level == .public ? try await self.tags(transaction, of: post) : []
        let event = FeedEvent.deleted(post).envelope(
            author: caller, tags: tags, eventID: uuidV7(clock: clock), context)
        try await transaction.batch(
            [
                "UPDATE posts SET deleted_at = now() WHERE id = \(post)",
                "UPDATE users SET posts = posts - 1 WHERE id = \(caller)",
                Outbox.statement(topic: PostEvent.topic, key: caller, event), OpenChanges.begun(event),
            ] + PostTags.changed([PostTags.Change(post: post, author: caller, old: tags)]))
    }

    private func tags(_ transaction: Transaction, of post: ID) async throws -> [String] {
        let row = try await transaction.query(
            "SELECT \(PostEntities.columns("p")) FROM posts p WHERE p.id = \(post)")[0]
        return try PostEntities(row).tags
    }

    /// A post that its author wants to change, locked.
    /// - Parameter verb: what only the author may do.
    /// - Throws: `Problem` where there is no such post for the caller, or it is another's.
    func own(
        _ transaction: Transaction, post: ID, caller: ID, to verb: String
    ) async throws -> PostVisibility {
        let rows = try await transaction.query(
            """
            SELECT \(PostVisibility.columns("p", to: SQL.parameter(caller))),
                \(Audience.columns(of: "u.id", for: SQL.parameter(caller)))
            FROM \(PostRow.table) WHERE p.id = \(post) FOR UPDATE OF p
            """)
        guard let row = rows.first else { throw Self.noPost(post) }
        let found = try PostVisibility(row)
        guard found.author != caller else { return found }
        guard found.isVisible(to: try Audience(row)) else { throw Self.noPost(post) }
        throw Problem(.forbidden, "only its author may \(verb) a post")
    }

    public static func noPost(_ id: ID) -> Problem { Problem(.notFound, "there is no post \(id)") }

    /// - Parameter reader: `nil`: not signed in.
    public func view(_ id: ID, to reader: ID?) async throws -> PostView? {
        let reader = SQL.parameter(reader)
        return try await database.query(
            """
            SELECT \(rows.columns(for: reader)) FROM \(PostRow.table)
            WHERE p.id = \(id) AND \(PostVisibility.sql("p", to: reader))
            """
        ).first.map { try rows.view($0) }
    }

    /// Posts of one author, newest first, below an id; not more than `PostBytes.mostRead` has room for, and one more.
    /// - Parameter reader: `nil`: not signed in.
    public func list(of author: ID, to reader: ID?, below: ID, limit: Int) async throws -> [PostView] {
        let reader = SQL.parameter(reader)
        let posts: SQL = """
            SELECT \(rows.columns(for: reader)) FROM \(PostRow.table)
            WHERE p.author_id = \(author) AND p.id < \(below) AND \(PostVisibility.sql("p", to: reader))
            ORDER BY p.id DESC LIMIT \(limit)
            """
        return try await database.query(PostRow.first(of: posts, in: "id DESC", atMost: PostBytes.mostRead))
            .map { try rows.view($0) }
    }
}
