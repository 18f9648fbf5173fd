import Accounts
import Core
import HTTPService
import Store

/// Who follows whom, and who asks to.
struct FollowOperations: Sendable {
    private static let nobodyHimself = "Nobody can follow himself: 400 `invalid_field`."
    let graph: Graph
    let writes: Writes
    let changes: AudienceChanges

    var all: [Operation] { follows + requests }

    private var follows: [Operation] {
        let followed = [
            DeclaredResponse.noContent("The caller follows the user, perhaps since before."),
            .json(Self.requested, "The account is private: it was asked, perhaps before.", status: 202),
        ]
        return [
            Operation(
                .put, "/v1/users/\(UserPath.id)/follow", id: "follow", tag: UserOperations.tag, "Follow a user",
                description: Self.nobodyHimself, responses: followed, problems: [.forbidden, .tooMany],
                idempotency: .key("follow")
            ) { try await follow($0, $0[UserPath.id]) },
            Operation(
                .delete, "/v1/users/\(UserPath.id)/follow", id: "unfollow", tag: UserOperations.tag,
                "Stop following, or take a request back",
                responses: [.noContent("The caller does not follow the user.")],
                idempotency: .key("unfollow"), handler: unfollow),
            Operation(
                .post, "/follow", id: "followShort", tag: UserOperations.tag, "Short form of following",
                description: Self.nobodyHimself, body: RequestBody("Follow", FollowFields.user),
                responses: followed, problems: [.notFound, .forbidden, .tooMany],
                idempotency: .key("follow"),
                handler: followByBody),
            Operation(
                .delete, "/v1/me/followers/\(UserPath.id)", id: "removeFollower", tag: UserOperations.tag,
                "Have a follower no more", lane: .write(makesEvents: false),
                responses: [.noContent("The user does not follow the caller, and is not told.")],
                idempotency: .key("remove follower"), handler: removeFollower),
        ]
    }

    private var requests: [Operation] {
        [
            Operation(
                .put, "/v1/me/requests/\(UserPath.id)", id: "acceptRequest", tag: UserOperations.tag,
                "Let somebody follow who has asked",
                responses: [
                    .noContent(
                        "The user follows the caller, perhaps since before, and has the caller's posts in the feed.")
                ], idempotency: .key("accept request"), handler: accept),
            Operation(
                .delete, "/v1/me/requests/\(UserPath.id)", id: "refuseRequest", tag: UserOperations.tag,
                "Refuse a request to follow", lane: .write(makesEvents: false),
                responses: [.noContent("There is no request of the user, who is not told.")],
                idempotency: .key("refuse request"), handler: refuse),
        ]
    }

    private static let requested = Component(
        "FollowRequested", .object([.always("requested", .boolean)]), example: ["requested": true])

    // MARK: Follows

    private func follow(_ request: RequestContext, _ followee: ID) async throws -> Response {
        let follower = request.caller
        let (response, outcome) = try await writes.run(request) { transaction in
            let outcome = try await graph.follow(
                transaction, follower: follower, followee: followee, request.trace)
            let response =
                outcome == .requested
                ? StoredResponse(status: 202, body: Array(Self.requested.example.text.utf8))
                : StoredResponse(status: 204, body: [])
            return (response, outcome)
        }
        // A replay finishes what the first has begun.
        if response.status == 204 {
            await changes.tell(
                .followed(followee, by: follower, outcome == .followed ? .new : .known),
                requestID: request.requestID)
        }
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
        return try await end(request, follower, followee) { transaction in
            try await graph.unfollow(transaction, follower: follower, followee: followee, request.trace)
        }
    }

    @Sendable private func removeFollower(_ request: RequestContext) async throws -> Response {
        let (follower, followee) = (request[UserPath.id], request.caller)
        return try await end(request, follower, followee) { transaction in
            try await graph.removeFollower(transaction, follower, of: followee, request.trace)
        }
    }

    /// - Parameter write: true when a follow was removed.
    private func end(
        _ request: RequestContext, _ follower: ID, _ followee: ID,
        _ write: @escaping @Sendable (Transaction) async throws -> Bool
    ) async throws -> Response {
        let (response, wasRemoved) = try await writes.run(request) { transaction in
            (StoredResponse(status: 204, body: []), try await write(transaction))
        }
        // A replay undoes nothing of what has happened since; what was not removed may still be in the feed.
        if wasRemoved != nil { await changes.tell(.unfollowed(followee, by: follower), requestID: request.requestID) }
        return response
    }

    // MARK: Requests

    @Sendable private func accept(_ request: RequestContext) async throws -> Response {
        let (asker, target) = (request[UserPath.id], request.caller)
        let (response, isNew) = try await writes.run(request) { transaction in
            let isNew = try await graph.accept(transaction, asker, by: target, request.trace)
            return (StoredResponse(status: 204, body: []), isNew)
        }
        await changes.tell(
            .followed(target, by: asker, isNew == true ? .accepted : .known), requestID: request.requestID)
        return response
    }

    @Sendable private func refuse(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            try await graph.refuse(transaction, request[UserPath.id], by: request.caller, request.trace)
            return StoredResponse(status: 204, body: [])
        }
    }
}
