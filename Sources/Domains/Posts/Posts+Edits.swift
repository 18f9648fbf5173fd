public import Core
import HTTPService
import Outbox
import Relations
import Store

/// Edits, and what posts were before them.
extension Posts {
    /// Of one post.
    static let mostEdits: Int64 = 100

    /// Changes a post of the caller. What is as before changes nothing.
    /// - Parameters:
    ///   - text: checked and trimmed; `nil`: it stays. Only this is an edit, with a version in the history.
    ///   - comments: who may comment; `nil`: as before.
    /// - Returns: the post as it is now, as its author sees it.
    func edit(
        _ transaction: Transaction, post: ID, text: String?, comments: CommentAccess? = nil, caller: ID,
        _ context: TraceContext
    ) async throws -> PostView {
        let found = try await own(transaction, post: post, caller: caller, to: "edit")
        guard !found.isDeleted else { throw Self.noPost(post) }
        let before = try await current(transaction, post, as: caller)
        let newText = text.flatMap { $0.isExactly(before.own.text) ? nil : $0 }
        let newAccess = comments == before.own.comments ? nil : comments
        var statements: [SQL] = []
        var tags = PostTags.Change(post: post, author: caller)
        if found.level == .public { tags.old = before.told.entities.tags }
        if let newText {
            let changed = try await PostText(
                newText, by: caller, for: found.level, among: audience(transaction, of: post, found.level),
                asking: transaction.query)
            statements += try await edited(transaction, post, changed)
            tags.new = found.level == .public ? changed.tags : []
        }
        if let newAccess {
            statements.append("UPDATE posts SET comments = \(newAccess.rawValue) WHERE id = \(post)")
        }
        guard !statements.isEmpty else { return before.own }
        // Its lock puts the author's events in order.
        statements.append("SELECT id FROM users WHERE id = \(caller) FOR NO KEY UPDATE")
        try await transaction.batch(statements)
        let after = try await current(transaction, post, as: caller)
        let event = FeedEvent.updated(after.told).envelope(
            author: caller, tags: tags.all, eventID: uuidV7(clock: clock), context)
        try await transaction.batch(
            [Outbox.statement(topic: PostEvent.topic, key: caller, event), OpenChanges.begun(event)]
                + (newText == nil ? [] : PostTags.changed([tags])))
        return after.own
    }

    private func edited(_ transaction: Transaction, _ post: ID, _ text: PostText) async throws -> [SQL] {
        let edits = try await transaction.query(
            "SELECT count(*) AS edits FROM post_versions WHERE post_id = \(post)"
        )[0].integer("edits")
        guard edits < Self.mostEdits else {
            throw Problem(.tooMany, "a post is edited at most \(Self.mostEdits) times")
        }
        for attachment in attachments { try await attachment.checkEdit(transaction, post) }
        return [
            """
            INSERT INTO post_versions (post_id, id, text)
            SELECT id, COALESCE(edit_id, id), text FROM posts WHERE id = \(post)
            """,
            // Newer than the one before, whatever the clocks of two processes say.
            """
            UPDATE posts SET (\(PostText.columns)) = (\(text.values)),
                edit_id = greatest(\(try ids.next())::bigint, COALESCE(edit_id, id) + 1)
            WHERE id = \(post)
            """,
        ]
    }

    /// For whom a post is that is for those mentioned: an edit does not change it.
    private func audience(_ transaction: Transaction, of post: ID, _ level: Visibility) async throws -> [ID]? {
        guard level == .mentioned else { return nil }
        let row = try await transaction.query(
            "SELECT \(PostMentions.column("p")) AS mentions FROM posts p WHERE p.id = \(post)")[0]
        return PostMentions.ids(try row.text("mentions"))
    }

    /// The post as its author sees it, and as all are told of it.
    private func current(
        _ transaction: Transaction, _ post: ID, as author: ID
    ) async throws -> (own: PostView, told: PostView) {
        let results = try await transaction.batch(
            [rows.columns(for: SQL.parameter(author)), rows.columnsForAll].map { columns in
                "SELECT \(columns) FROM \(PostRow.table) WHERE p.id = \(post)"
            })
        guard let own = results[0].first, let told = results[1].first else { throw Self.noPost(post) }
        return (try rows.view(own), try rows.view(told))
    }

    /// All that a post was, the newest first, below an id; not more than `PostBytes.mostRead` has room for, and one more.
    /// - Parameter reader: `nil`: not signed in.
    func versions(of post: ID, to reader: ID?, below: ID, limit: Int) async throws -> [PostVersion] {
        let (post, reader) = (SQL.parameter(post), SQL.parameter(reader))
        let versions: SQL = """
            SELECT v.id, v.text FROM posts p CROSS JOIN LATERAL (
                SELECT COALESCE(p.edit_id, p.id) AS id, p.text
                UNION ALL SELECT id, text FROM post_versions WHERE post_id = p.id) v
            WHERE p.id = \(post) AND \(PostVisibility.sql("p", to: reader)) AND v.id < \(below)
            ORDER BY v.id DESC LIMIT \(limit)
            """
        return try await database.query(PostRow.first(of: versions, in: "id DESC", atMost: PostBytes.mostRead))
            .map { PostVersion(id: try $0.id("id"), text: try $0.text("text")) }
    }

    /// - Parameter reader: `nil`: not signed in.
    public func isVisible(_ id: ID, to reader: ID?) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT \(PostVisibility.columns("p", to: SQL.parameter(reader))),
                \(Audience.columns(of: "u.id", for: SQL.parameter(reader)))
            FROM \(PostRow.table) WHERE p.id = \(id)
            """)
        return try rows.first.map { try PostVisibility($0).isVisible(to: Audience($0)) } ?? false
    }
}
