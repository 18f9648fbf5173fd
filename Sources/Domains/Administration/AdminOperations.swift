import Core
import HTTPService
import Relations

/// For moderators and admins; all others get 403.
struct AdminOperations: Sendable {
    private static let tag = Tag("administration", "For moderators and admins")
    private static let user = PathParameter.id("id", "Of the user.")
    let administration: Administration
    let audience: AudienceChanges
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    let clock: any WallClock

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/admin/users", id: "listUsersForAdmins", tag: Self.tag,
                "Users by the beginning of the handle",
                parameters: [AdminFields.prefix, PageParameters.limit, PageParameters.cursor],
                responses: [.json(AdminUser.list, "Newest first, with those who are suspended.")],
                problems: [.forbidden], handler: listUsers),
            Operation(
                .patch, "/v1/admin/users/\(Self.user)", id: "changeUser", tag: Self.tag,
                "Suspend a user, or give a role",
                description: """
                    A JSON merge: a key that is left out stays, `null` ends a suspension. Nobody changes a user of an equal \
                    or higher role. Moderators suspend; only admins change roles. Who is suspended does not exist for \
                    others; he may log in no more, and with the sessions that he has only read.
                    """,
                body: RequestBody("AdminUserChange", AdminFields.role, AdminFields.suspendedUntil),
                responses: [.json(AdminUser.component, "The user as it is now.")], problems: [.forbidden],
                idempotency: .key("admin user"), handler: change),
            Operation(
                .get, "/v1/admin/audit", id: "listAudit", tag: Self.tag, "What was done to users, and by whom",
                description: "For admins. Nothing of it is ever changed or removed.",
                parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(AuditEntry.list, "Newest first.")], problems: [.forbidden], handler: listAudit),
        ]
    }

    @Sendable private func listUsers(_ request: RequestContext) async throws -> Response {
        try await administration.check(request.caller, is: .moderator)
        return try await page(request, .init(tag: 30), id: \.user.id, append: { $1.append(to: &$0) }) {
            try await administration.users(request[AdminFields.prefix], below: $0, limit: $1)
        }
    }

    @Sendable private func listAudit(_ request: RequestContext) async throws -> Response {
        try await administration.check(request.caller, is: .admin)
        return try await page(request, .init(tag: 31), id: \.id, append: { $1.append(to: &$0) }) {
            try await administration.audit(below: $0, limit: $1)
        }
    }

    private func page<Item: Sendable>(
        _ request: RequestContext, _ list: PageCursor.List, id: (Item) -> ID,
        append: (inout ByteWriter, Item) -> Void, read: (_ below: ID, _ limit: Int) async throws -> [Item]
    ) async throws -> Response {
        let limit = request[PageParameters.limit]
        let below = try request.below(list, cursors)
        return try await lists.read(request, largest: limit * 1536) {
            let found = try await read(below, limit + 1)
            return request.page(
                found.prefix(limit), hasMore: found.count > limit, list, cursors, id: id, append: append)
        }
    }

    @Sendable private func change(_ request: RequestContext) async throws -> Response {
        let target = request[Self.user]
        let suspension = request[AdminFields.suspendedUntil]
        if let end = suspension.value?.end, end <= clock.milliseconds() {
            // Who may not ask learns nothing of it.
            try await administration.check(request.caller, is: .moderator)
            throw Problem(.invalidField, "suspended_until is past", field: "suspended_until")
        }
        let change = AdminChange(role: request[AdminFields.role], suspension: suspension)
        let (response, outcome) = try await writes.run(request) { transaction in
            let outcome = try await administration.change(
                transaction, target, change, by: request.caller, request.trace)
            var json = ByteWriter(capacity: 512)
            outcome.user.append(to: &json)
            return (StoredResponse(status: 200, body: json.bytes), outcome)
        }
        guard let outcome else { return response }
        if !suspension.isKept { administration.accounts.suspended(target, suspension.value) }
        if let isHere = outcome.isHere {
            await audience.tell(isHere ? .returned(target) : .left(target, .suspended), requestID: request.requestID)
        }
        return response
    }
}
