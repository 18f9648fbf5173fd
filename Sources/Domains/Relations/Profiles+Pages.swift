public import Core
public import HTTPService
public import Store

/// Pages of users.
extension Profiles {
    /// Users of a list, as far as they may be in one that the caller reads.
    /// - Parameters:
    ///   - entries: rows `other, id`: who, and by what the list is ordered, the largest first.
    ///   - check: throws where there is no such list for the caller.
    public func page(
        of entries: SQL, _ list: PageCursor.List, _ request: RequestContext, _ lists: Lists, _ cursors: CursorSigner,
        first check: () async throws -> Void
    ) async throws -> Response {
        let rows = UserList.Rows(
            entries: "SELECT other, id, NULL::timestamptz AS until FROM (\(entries)) o",
            isShown: Audience.isListed("u.id", for: SQL.parameter(request.viewer)))
        return try await page(rows, list, request, lists, cursors, first: check) { $1.user.append(to: &$0) }
    }

    func page(
        _ rows: UserList.Rows, _ list: PageCursor.List, _ request: RequestContext, _ lists: Lists,
        _ cursors: CursorSigner, first check: () async throws -> Void, append: (inout ByteWriter, UserEntry) -> Void
    ) async throws -> Response {
        let limit = request[PageParameters.limit]
        let below = try request.below(list, cursors)
        return try await lists.read(request, largest: limit * 1024) {
            try await check()
            let found = try await entries(rows, viewer: request.viewer, below: below, limit: limit + 1)
            return request.page(
                found.prefix(limit), hasMore: found.count > limit, list, cursors, id: { $0.id }, append: append)
        }
    }
}
