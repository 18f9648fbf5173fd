import Accounts
import Core
import HTTPService

/// Users and who follows whom.
struct RelationOperations: Sendable {
    private static let tag = Tag("users", "Users and who follows whom")
    private static let nobodyHimself = "Nobody can follow himself: 400 `invalid_field`."
    let users: Users
    let profiles: Profiles
    let graph: Graph
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    let feeds: any FollowObserver

    var all: [Operation] { reads + follows }

    private var reads: [Operation] {
        let user = DeclaredResponse.json(UserView.component, "The user.")
        return [
            Operation(
                .get, "/v1/me", id: "getMe", tag: Self.tag, "The caller", responses: [user], problems: [.notFound]
            ) { try await show($0, $0.caller) },
            Operation(
                .get, "/v1/users/\(UserPath.id)", id: "getUser", tag: Self.tag, "A user by id", access: .optional,
                responses: [user]
            ) { try await show($0, $0[UserPath.id]) },
            Operation(
                .get, "/v1/users/@\(UserPath.handle)", id: "getUserByHandle", tag: Self.tag, "A user by handle",
                access: .optional, responses: [user], handler: showByHandle),
            list(.followers, id: "listFollowers", "Who follows a user"),
            list(.following, id: "listFollowing", "Whom a user follows"),
        ]
    }

    private func list(_ direction: FollowDirection, id: String, _ summary: String) -> Operation {
        Operation(
            .get, direction == .followers ? "/v1/users/\(UserPath.id)/followers" : "/v1/users/\(UserPath.id)/following",
            id: id, tag: Self.tag, summary, access: .optional,
            parameters: [PageParameters.limit, PageParameters.cursor],
            responses: [.json(UserView.list, "Newest follow first.")]
        ) { try await list($0, direction) }
    }

    private var follows: [Operation] {
        let followed = DeclaredResponse.noContent("The caller follows the user, perhaps since before.")
        return [
            Operation(
                .put, "/v1/users/\(UserPath.id)/follow", id: "follow", tag: Self.tag, "Follow a user",
                description: Self.nobodyHimself, responses: [followed], idempotency: .key("follow")
            ) { try await follow($0, $0[UserPath.id]) },
            Operation(
                .delete, "/v1/users/\(UserPath.id)/follow", id: "unfollow", tag: Self.tag, "Stop following",
                responses: [.noContent("The caller does not follow the user.")], idempotency: .key("unfollow"),
                handler: unfollow),
            Operation(
                .post, "/follow", id: "followShort", tag: Self.tag, "Short form of following",
                description: Self.nobodyHimself, body: RequestBody("Follow", FollowFields.user),
                responses: [followed], problems: [.notFound], idempotency: .key("follow"), handler: followByBody),
        ]
    }

    // MARK: Reads

    private func show(_ request: RequestContext, _ id: ID) async throws -> Response {
        guard let user = try await profiles.view(id, viewer: request.viewer) else {
            throw Profiles.noUser(id)
        }
        return .json { user.append(to: &$0) }
    }

    @Sendable private func showByHandle(_ request: RequestContext) async throws -> Response {
        guard let id = try await users.id(handle: request[UserPath.handle]),
            let user = try await profiles.view(id, viewer: request.viewer)
        else {
            throw Problem(.notFound, "there is no user with this handle")
        }
        return .json { user.append(to: &$0) }
    }

    private func list(_ request: RequestContext, _ direction: FollowDirection) async throws -> Response {
        let user = request[UserPath.id]
        let limit = request[PageParameters.limit]
        let list = PageCursor.List(tag: direction == .followers ? 3 : 4, subject: user)
        let below = try request.below(list, cursors)
        return try await lists.read(request, largest: limit * 1024) {
            _ = try await profiles.audience(of: user, viewer: request.viewer)
            let found = try await profiles.list(
                direction, of: user, viewer: request.viewer, below: below, limit: limit + 1)
            return request.page(found.prefix(limit), hasMore: found.count > limit, list, cursors, id: { $0.id }) {
                $1.user.append(to: &$0)
            }
        }
    }

    // MARK: Follows

    private func follow(_ request: RequestContext, _ followee: ID) async throws -> Response {
        let follower = request.caller
        let response = try await writes.run(request) { transaction in
            _ = try await graph.follow(transaction, follower: follower, followee: followee, request.trace)
            return StoredResponse(status: 204, body: [])
        }
        await repair(request) { try await feeds.followed(followee, by: follower) }
        return response
    }

    /// The short form answers in its own words: the user is in its body.
    @Sendable private func followByBody(_ request: RequestContext) async throws -> Response {
        do {
            return try await follow(request, request[FollowFields.user])
        } catch let problem as Problem where problem.code == .notFound || problem.field == "id" {
            throw Problem(problem.code, problem.detail, field: "user_id")
        }
    }

    @Sendable private func unfollow(_ request: RequestContext) async throws -> Response {
        let (follower, followee) = (request.caller, request[UserPath.id])
        let response = try await writes.run(request) { transaction in
            _ = try await graph.unfollow(transaction, follower: follower, followee: followee, request.trace)
            return StoredResponse(status: 204, body: [])
        }
        // What has happened since the first response must not be undone.
        guard !response.isReplay else { return response }
        await repair(request) { try await feeds.unfollowed(followee, by: follower) }
        return response
    }

    /// The follow is committed: what fails here is finished later by `FeedRepair.finishAbandoned`, or hidden at read.
    private func repair(_ request: RequestContext, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            Log.warning(.feedNotRepaired, ["request_id": .text(request.requestID), "error": .text("\(error)")])
        }
    }
}
