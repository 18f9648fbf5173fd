import Accounts
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
                .get, "/v1/admin/users", id: "listUsersForAdmins", tag: Self.tag, "Users by the beginning of the handle",
                parameters: [AdminFields.prefix, PageParameters.limit, PageParameters.cursor],
                responses: [.json(AdminUser.list, "Newest first, with those who are suspended.")],
                problems: [.forbidden], handler: listUsers),
            Operation(
                .patch, "/v1/admin/users/\(Self.user)", id: "changeUser", tag: Self.tag, "Suspend a user, or give a role",
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

enum AdminFields {
    static let prefix = Parameter(
        "q", .string(pattern: "^[A-Za-z0-9_]{1,30}$"), example: "ada", "How the handle begins, in any case."
    ) { text throws(Refusal) in
        guard 1...30 ~= text.utf8.count, text.utf8.allSatisfy(isHandleByte) else {
            throw Refusal("q is the beginning of a handle: 1 to 30 of a-z, 0-9 and _")
        }
        return text.lowercased()
    }.orNil

    static let role = Field.string("role", UserRole.schema, example: "moderator") { text throws(Refusal) in
        guard let role = UserRole.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("role is user, moderator or admin")
        }
        return role
    }.orNil

    static let suspendedUntil = Field.string(
        "suspended_until", Component.time.reference, example: "9999-12-31T23:59:59.999Z",
        "When it ends by itself; the last millisecond of 9999: never."
    ) { text throws(Refusal) in
        guard let time = milliseconds(rfc3339: text) else {
            throw Refusal("suspended_until must be a time in UTC such as 2026-01-05T00:07:21.289Z")
        }
        return Suspension(until: time)
    }.merged

    private static func isHandleByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
