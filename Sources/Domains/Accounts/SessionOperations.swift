import Core
import HTTPService

/// The caller's sessions, and what opens new ones.
struct SessionOperations: Sendable {
    private static let session = PathParameter.id("id", "Of the session.")
    let accounts: Accounts
    let users: Users
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    let limits: LogInLimits

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/me/sessions", id: "listSessions", tag: AccountOperations.tag, "The caller's sessions",
                parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(SessionView.list, "Those that live, newest first.")], handler: list),
            Operation(
                .delete, "/v1/me/sessions/\(Self.session)", id: "endSession", tag: AccountOperations.tag,
                "End a session", description: "Its access tokens and live connections end within a second.",
                lane: .write(makesEvents: false), responses: [.noContent("The session has ended, perhaps before.")],
                idempotency: .key("end session"), servesSuspended: true, handler: end),
            Operation(
                .put, "/v1/me/credentials", id: "changeCredentials", tag: AccountOperations.tag,
                "Change handle or password",
                description: """
                    A new password needs the old one (403 `password_required`) and ends all other sessions and the \
                    recovery code. A new handle leaves them: who has stolen a session locks nobody out with it. An \
                    anonymous account gets handle and password at once, without an old one: it has a name then, all \
                    other sessions end, and its recovery code stays. So does its display name, unless that was the handle. \
                    An account that is opened by a provider may get a handle alone; for its first password the session \
                    must be younger than \(Accounts.youngMinutes) minutes instead.
                    """,
                rate: .auth, otherLimits: LogInRates.inWords, lane: .auth,
                body: RequestBody(
                    "Credentials", AccountFields.newHandle, AccountFields.newPassword, AccountFields.oldPassword),
                responses: [.noContent("Both are as the body says.")],
                problems: [.missingField, .passwordRequired, .handleTaken, .nameRefused],
                idempotency: .key("credentials"),
                handler: changeCredentials),
        ]
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        let (caller, limit) = (request.authenticated!, request[PageParameters.limit])
        let list = PageCursor.List(tag: 12, subject: caller.user)
        let below = try request.below(list, cursors)
        return try await lists.read(request, largest: limit * 512) {
            let found = try await accounts.sessions(of: caller, below: below, limit: limit + 1)
            return request.page(found.prefix(limit), hasMore: found.count > limit, list, cursors, id: \.id) {
                $1.append(to: &$0)
            }
        }
    }

    @Sendable private func end(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await accounts.endSession(transaction, request[Self.session], of: request.caller)
            return StoredResponse(status: 204, body: [])
        }
    }

    @Sendable private func changeCredentials(_ request: RequestContext) async throws -> Response {
        let (caller, password) = (request.authenticated!, request[AccountFields.newPassword])
        let handle = request[AccountFields.newHandle]
        guard handle != nil || password != nil else {
            throw Problem(.missingField, "give a handle or a password", field: "password")
        }
        let kind = try await accounts.kind(of: caller.user)
        if kind.isAnonymous, handle == nil || password == nil && !kind.hasIdentity {
            throw Problem(
                .missingField, "an anonymous account gets handle and password at once",
                field: handle == nil ? "handle" : "password")
        }
        // Slow, so before the transaction; told in it, for a repeated request is answered as the first was.
        let change: Result<CredentialChange, Problem>
        do {
            var new: CredentialChange.Password?
            if let password { new = try await newPassword(password, request, kind) }
            change = .success(CredentialChange(handle: handle, password: new, makesNamed: kind.isAnonymous))
        } catch let problem as Problem where problem.code == .passwordRequired {
            change = .failure(problem)
        }
        let response = try await writes.run(request) { transaction in
            try await accounts.change(
                change.get(), in: transaction, of: caller, from: SessionOrigin(request), request.trace)
            return StoredResponse(status: 204, body: [])
        }
        users.forget(caller.user)
        return response
    }

    private func newPassword(
        _ password: String, _ request: RequestContext, _ kind: AccountKind
    ) async throws -> CredentialChange.Password {
        if kind.confirmsBySession {
            let verified = try await accounts.verifyBySession(request.authenticated!)
            return CredentialChange.Password(hash: try await accounts.hashPassword(password), old: verified)
        }
        guard !kind.isAnonymous else {
            return CredentialChange.Password(hash: try await accounts.hashPassword(password), old: nil)
        }
        guard let old = request[AccountFields.oldPassword] else { throw Accounts.oldPasswordRequired }
        let verified = try await PasswordCheck(accounts: accounts, limits: limits)
            .verify(old, of: request, field: "old_password")
        return CredentialChange.Password(hash: try await accounts.hashPassword(password), old: verified)
    }
}
