import Accounts
import Core
import HTTPService

/// Users, and lists of users.
struct UserOperations: Sendable {
    static let tag = Tag("users", "Users and who follows whom")
    let users: Users
    let names: NameRules
    let profiles: Profiles
    let lists: Lists
    let cursors: CursorSigner
    let writes: Writes
    let changes: AudienceChanges
    let requests: OpenRequests
    let clock: any WallClock

    var all: [Operation] { single + ofOthers + ofCaller }

    private var single: [Operation] {
        let user = DeclaredResponse.json(UserView.component, "The user.")
        return [
            Operation(
                .get, "/v1/me", id: "getMe", tag: Self.tag, "The caller", responses: [user], problems: [.notFound]
            ) { try await show($0, $0.caller) },
            Operation(
                .patch, "/v1/me", id: "updateMe", tag: Self.tag, "Change the own profile",
                description: "A JSON merge: a key that is left out stays, `null` removes.",
                lane: .write(makesEvents: false), body: ProfileChange.body, responses: [user],
                problems: [.notFound, .nameRefused], idempotency: .key("profile"), handler: update),
            Operation(
                .get, "/v1/users/\(UserPath.id)", id: "getUser", tag: Self.tag, "A user by id", access: .optional,
                responses: [user]
            ) { try await show($0, $0[UserPath.id]) },
            Operation(
                .get, "/v1/users/@\(UserPath.handle)", id: "getUserByHandle", tag: Self.tag, "A user by handle",
                access: .optional, responses: [user], handler: showByHandle),
            Operation(
                .get, "/v1/users/\(UserPath.id)/relation", id: "getRelation", tag: Self.tag,
                "What the caller has to do with a user",
                responses: [.json(UserRelation.component, "All of it.")], handler: showRelation),
        ]
    }

    private var ofOthers: [Operation] {
        [
            listOfUsers("/v1/users/\(UserPath.id)/followers", id: "listFollowers", "Who follows a user") {
                .followers(of: $0)
            },
            listOfUsers("/v1/users/\(UserPath.id)/following", id: "listFollowing", "Whom a user follows") {
                .following(of: $0)
            },
            listOfUsers(
                "/v1/users/\(UserPath.id)/mutuals", id: "listMutuals", "Who follows a user and is followed back"
            ) { .mutuals(of: $0) },
        ]
    }

    private var ofCaller: [Operation] {
        [
            listOfEntries("/v1/me/requests", id: "listRequests", "Who asks to follow the caller") {
                .requests(to: $0)
            },
            listOfEntries("/v1/me/requests/sent", id: "listSentRequests", "Whom the caller asks to follow") {
                .sentRequests(by: $0)
            },
            listOfEntries("/v1/me/blocks", id: "listBlocks", "Whom the caller has blocked") { .blocks(by: $0) },
            listOfEntries("/v1/me/mutes", id: "listMutes", "Whom the caller has muted") { .mutes(by: $0) },
        ]
    }

    private func listOfUsers(
        _ path: Path, id: String, _ summary: String, _ list: @escaping @Sendable (ID) -> UserList
    ) -> Operation {
        Operation(
            .get, path, id: id, tag: Self.tag, summary,
            description: "Empty where the account is private and the caller does not follow it.", access: .optional,
            parameters: [PageParameters.limit, PageParameters.cursor],
            responses: [.json(UserView.list, "Newest follow first.")]
        ) { request in
            let user = request[UserPath.id]
            return try await page(
                request, list(user), first: { _ = try await profiles.audience(of: user, viewer: request.viewer) }
            ) { $1.user.append(to: &$0) }
        }
    }

    private func listOfEntries(
        _ path: Path, id: String, _ summary: String, _ list: @escaping @Sendable (ID) -> UserList
    ) -> Operation {
        Operation(
            .get, path, id: id, tag: Self.tag, summary, parameters: [PageParameters.limit, PageParameters.cursor],
            responses: [.json(UserEntry.list, "Newest first.")]
        ) { request in
            try await page(request, list(request.caller)) { $1.append(to: &$0) }
        }
    }

    // MARK: Responses

    private func show(_ request: RequestContext, _ id: ID) async throws -> Response {
        guard let user = try await profiles.view(id, viewer: request.viewer) else { throw Profiles.noUser(id) }
        return .json { user.append(to: &$0) }
    }

    @Sendable private func update(_ request: RequestContext) async throws -> Response {
        let (change, user) = (ProfileChange(request), request.caller)
        let (response, told) = try await writes.run(request) { transaction in
            if change.isPrivate != nil { try await transaction.query(PrivacyLock.exclusive(user)) }
            let wasPrivate = try await change.store(transaction, of: user, names, request.trace, clock: clock)
            guard let view = try await profiles.view(user, in: transaction) else { throw Profiles.noUser(user) }
            var json = ByteWriter(capacity: 512)
            view.append(to: &json)
            return (StoredResponse(status: 200, body: json.bytes), wasPrivate)
        }
        users.forget(user)
        guard let wasPrivate = told, let isPrivate = change.isPrivate else { return response }
        if isPrivate != wasPrivate {
            await changes.tell(.privacy(user, isPrivate: isPrivate), requestID: request.requestID)
        }
        if !isPrivate { await requests.accept(of: user, request.trace) }
        return response
    }

    @Sendable private func showByHandle(_ request: RequestContext) async throws -> Response {
        guard let id = try await users.id(handle: request[UserPath.handle]),
            let user = try await profiles.view(id, viewer: request.viewer)
        else {
            throw Problem(.notFound, "there is no user with this handle")
        }
        return .json { user.append(to: &$0) }
    }

    @Sendable private func showRelation(_ request: RequestContext) async throws -> Response {
        let audience = try await profiles.audience(of: request[UserPath.id], viewer: request.caller)
        return .json { audience.relation.append(to: &$0) }
    }

    /// - Parameter first: what must hold for there to be such a list.
    private func page(
        _ request: RequestContext, _ list: UserList, first check: () async throws -> Void = {},
        append: (inout ByteWriter, UserEntry) -> Void
    ) async throws -> Response {
        try await profiles.page(
            list.rows(for: request.viewer), list.cursor, request, lists, cursors, first: check, append: append)
    }
}
