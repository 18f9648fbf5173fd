public import Core
public import HTTPService
public import Store

/// Pages of posts that a user has put into a list of his own.
extension Posts {
    /// The newest entry first; of posts that the user still sees.
    /// - Parameter entries: rows `post_id, id` of the user, an expression of SQL: what is in the list, and by what it is ordered.
    public func page(
        of entries: (_ user: SQL) -> SQL, _ list: PageCursor.List, _ request: RequestContext, _ lists: Lists,
        _ cursors: CursorSigner
    ) async throws -> Response {
        let below = try request.below(list, cursors)
        return try await lists.read(request) {
            let limit = request[PageParameters.limit]
            let found = try await marked(by: request.caller, entries, below: below, limit: limit + 1)
            return request.page(
                found.prefix(limit), hasMore: found.count > limit, list, cursors, id: \.entry
            ) { $1.post.append(to: &$0) }
        }
    }

    /// Below an entry's id; not more than `PostBytes.mostRead` has room for, and one more.
    private func marked(
        by user: ID, _ entries: (_ user: SQL) -> SQL, below: ID, limit: Int
    ) async throws -> [(post: PostView, entry: ID)] {
        let user = SQL.parameter(user)
        let posts: SQL = """
            SELECT \(rows.columns(for: user)), e.id AS entry
            FROM (\(entries(user))) e JOIN (\(PostRow.table)) ON p.id = e.post_id
            WHERE e.id < \(below) AND \(PostVisibility.sql("p", to: user)) ORDER BY e.id DESC LIMIT \(limit)
            """
        return try await database.query(PostRow.first(of: posts, in: "entry DESC", atMost: PostBytes.mostRead))
            .map { (try rows.view($0), try $0.id("entry")) }
    }
}
