import Core
import HTTPService
import Posts
import Store

/// How comments are read.
struct CommentLists: Sendable {
    /// Replies that are looked at for those that a top-level comment shows.
    private static let mostLooked = 20

    /// Some of a list, in its order.
    struct Page: Sendable {
        struct Item: Sendable {
            /// In the list.
            let place: Int64
            /// `nil`: the reader does not see it.
            var shown: ListedComment?
            let id: ID
        }

        var items: [Item]
        /// Behind these.
        var hasMore: Bool
    }

    let database: Database

    /// - Parameter reader: `nil`: not signed in.
    func view(_ comment: ID, to reader: ID?) async throws -> CommentView? {
        let reader = SQL.parameter(reader)
        return try await database.query(
            """
            SELECT \(CommentRow.columns(for: reader)) FROM \(CommentRow.table) JOIN posts p ON p.id = m.post_id
            WHERE m.id = \(comment) AND \(PostVisibility.sql("p", to: reader))
                AND \(CommentVisibility.sql("m", to: reader))
            """
        ).first.map { try CommentRow.view($0) }
    }

    /// Those of the next ones of a list that the reader sees, if he sees the post; their texts reach `Lists.mostBytes`
    /// at most, with the one that is behind.
    /// - Parameters:
    ///   - next: rows `id, place`, `limit` and one more.
    ///   - withReplies: with the first replies of each.
    func page(_ next: SQL, limit: Int, to reader: ID?, withReplies: Bool) async throws -> Page {
        let reader = SQL.parameter(reader)
        var lines: SQL = """
            SELECT n.place, n.id AS top, false AS is_preview, \(Self.own),
                \(CommentVisibility.sql("m", to: reader)) AS is_shown
            FROM next n JOIN comments m ON m.id = n.id
            """
        if withReplies { lines = "\(lines) UNION ALL \(previews(to: reader))" }
        let rows = try await database.query(
            """
            WITH next AS (\(next)), lines AS (\(lines))
            SELECT m.place, m.top, m.is_preview, m.is_shown, m.total, \(CommentRow.columns(for: reader))
            FROM (
                SELECT *, count(*) OVER () AS total,
                    sum(octet_length(text)) OVER (ORDER BY place, is_preview, id) - octet_length(text) AS before
                FROM lines) m LEFT JOIN users u ON u.id = m.author_id
            WHERE m.before < \(Lists.mostBytes) ORDER BY m.place, m.is_preview, m.id
            """)
        return try page(of: rows, limit)
    }

    private static let own: SQL =
        "m.id, m.post_id, m.thread_id, m.parent_id, m.author_id, m.text, m.edit_id"

    private func previews(to reader: SQL) -> SQL {
        """
        SELECT n.place, n.id AS top, true AS is_preview, r.*, true AS is_shown FROM next n CROSS JOIN LATERAL (
            SELECT \(Self.own)
            FROM (SELECT id FROM comment_replies WHERE ancestor_id = n.id ORDER BY id LIMIT \(Self.mostLooked)) f
            JOIN comments m ON m.id = f.id
            WHERE m.deleted_at IS NULL AND \(CommentVisibility.sql("m", to: reader)) ORDER BY m.id
            LIMIT \(ListedComment.mostReplies)) r
        """
    }

    private func page(of rows: PgRows, _ limit: Int) throws -> Page {
        var page = Page(items: [], hasMore: false)
        for row in rows {
            if try row.bool("is_preview") {
                page.items[page.items.count - 1].shown?.replies.append(try CommentRow.view(row))
                continue
            }
            let shown = try row.bool("is_shown") ? ListedComment(comment: try CommentRow.view(row), replies: []) : nil
            page.items.append(Page.Item(place: try row.integer("place"), shown: shown, id: try row.id("top")))
        }
        // The last one may lack some of its replies.
        let isCut = try rows.first.map { try $0.int("total") > rows.count } ?? false
        if isCut, page.items.count > 1 { page.items.removeLast() }
        page.hasMore = isCut || page.items.count > limit
        page.items = Array(page.items.prefix(limit))
        return page
    }
}

// MARK: Those that most like

extension CommentLists {
    /// Where a walk begins.
    func top(of post: ID, _ ids: IDGenerator) async throws -> TopPlace {
        let begun = try await database.batch([
            Transaction.unhurried, CommentRanking.begun(of: post, try ids.next()),
        ])[1]
        return TopPlace(ranking: try begun.first?.id("id") ?? .zero, next: .ranked(0))
    }

    /// - Throws: `Problem` where a walk can't go on.
    func check(_ place: TopPlace, of post: ID) async throws {
        guard place.ranking > .zero else { return }
        guard try await !database.query(CommentRanking.isThere(place.ranking, of: post)).isEmpty else {
            throw Problem(.invalidCursor, "the ranking is too old: begin with the first page", field: "cursor")
        }
    }
}
