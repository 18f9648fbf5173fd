import Accounts
import Core
import HTTPService

/// Users and who follows whom.
struct UserRoutes: Sendable {
    let users: Users
    let profiles: Profiles
    let graph: Graph
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    let feeds: any FollowObserver

    var routes: [Route] {
        [
            Route("GET", "/v1/me", .signedIn, .read) { try await show($0, $0.caller) },
            Route("GET", "/v1/users/@{handle}", .optional, .read) { scope in
                guard let id = try await users.id(handle: scope.path["handle"]!) else {
                    throw Problem(.notFound, "there is no user with this handle")
                }
                return try await show(scope, id)
            },
            Route("GET", "/v1/users/{id}", .optional, .read) { try await show($0, try $0.id()) },
            Route("PUT", "/v1/users/{id}/follow", .signedIn, .write) { try await follow($0, try $0.id()) },
            Route("DELETE", "/v1/users/{id}/follow", .signedIn, .write) { try await unfollow($0) },
            Route("GET", "/v1/users/{id}/followers", .optional, .read, parameters: ["limit", "cursor"]) {
                try await list($0, .followers)
            },
            Route("GET", "/v1/users/{id}/following", .optional, .read, parameters: ["limit", "cursor"]) {
                try await list($0, .following)
            },
            Route("POST", "/follow", .signedIn, .write) { try await followByBody($0) },
        ]
    }

    private func show(_ scope: RequestScope, _ id: ID) async throws -> Answer {
        guard let user = try await profiles.view(id, viewer: scope.viewer) else {
            throw Problem(.notFound, "there is no user \(id)")
        }
        return .json { user.append(to: &$0) }
    }

    private func follow(_ scope: RequestScope, _ followee: ID, hasBody: Bool = false) async throws -> Answer {
        if !hasBody { try scope.expectNoFields() }
        let follower = scope.caller
        let answer = try await writes.run(scope, user: follower, route: "follow") { transaction in
            _ = try await graph.follow(
                transaction, follower: follower, followee: followee, scope.context)
            return StoredAnswer(status: 204, body: [])
        }
        await repair(scope) { try await feeds.followed(followee, by: follower) }
        return answer
    }

    /// The short form answers in its own words: the user stands in its body.
    private func followByBody(_ scope: RequestScope) async throws -> Answer {
        let followee = try scope.body(["user_id"]).id("user_id")
        do {
            return try await follow(scope, followee, hasBody: true)
        } catch let problem as Problem where problem.code == .notFound || problem.field == "id" {
            throw Problem(problem.code, problem.detail, field: "user_id")
        }
    }

    private func unfollow(_ scope: RequestScope) async throws -> Answer {
        try scope.expectNoFields()
        let (follower, followee) = (scope.caller, try scope.id())
        let answer = try await writes.run(scope, user: follower, route: "unfollow") { transaction in
            _ = try await graph.unfollow(
                transaction, follower: follower, followee: followee, scope.context)
            return StoredAnswer(status: 204, body: [])
        }
        // What has happened since the first answer must not be undone.
        guard !answer.isReplay else { return answer }
        await repair(scope) { try await feeds.unfollowed(followee, by: follower) }
        return answer
    }

    /// The follow is committed: what fails here is finished later by `FeedRepair.finishAbandoned`, or hidden at read.
    private func repair(_ scope: RequestScope, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            Log.warning("feed not repaired yet", ["request_id": .text(scope.requestID), "error": .text("\(error)")])
        }
    }

    private func list(_ scope: RequestScope, _ direction: FollowDirection) async throws -> Answer {
        let user = try scope.id()
        let limit = try scope.limit()
        let list = PageCursor.List(tag: direction == .followers ? 3 : 4, subject: user)
        let below = try scope.below(list, cursors)
        return try await lists.read(scope, largest: limit * 1024) {
            guard try await users.identity(user) != nil else {
                throw Problem(.notFound, "there is no user \(user)")
            }
            let found = try await profiles.list(
                direction, of: user, viewer: scope.viewer, below: below, limit: limit + 1)
            return .json { writer in
                let shown = writer.appendList(found.prefix(limit)) { $1.user.append(to: &$0) }
                writer.appendNext(
                    shown == found.count
                        ? nil
                        : PageCursor(below: found[shown - 1].follow).encode(
                            list, viewer: scope.viewer ?? .zero, cursors))
                writer.append(ascii: "}")
            }
        }
    }
}
