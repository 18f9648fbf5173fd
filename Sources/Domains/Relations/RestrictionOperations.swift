import Accounts
import Core
import HTTPService
import Store

/// Blocks and mutes.
struct RestrictionOperations: Sendable {
    let graph: Graph
    let writes: Writes
    let changes: AudienceChanges
    let clock: any WallClock

    var all: [Operation] {
        [
            operation(
                .put, "/v1/users/\(UserPath.id)/block", id: "block", "Block a user",
                description: """
                    Ends follows and requests both ways. The two don't see each other's posts, and are in no list for each \
                    other; for the blocked the caller does not exist.
                    """, "The user is blocked, perhaps since before.", handler: block),
            operation(
                .delete, "/v1/users/\(UserPath.id)/block", id: "unblock", "Unblock a user",
                "The caller has not blocked the user.", handler: unblock),
            operation(
                .put, "/v1/users/\(UserPath.id)/mute", id: "mute", "Mute a user",
                description: """
                    Keeps the user's posts out of the caller's feed, and the user out of notifications. When it ends, the \
                    posts come back. Once more: with another end.
                    """, body: RequestBody("Mute", MuteFields.until, MuteFields.notifications),
                "The user is muted.", handler: mute),
            operation(
                .delete, "/v1/users/\(UserPath.id)/mute", id: "unmute", "Unmute a user",
                "The caller has not muted the user.", handler: unmute),
        ]
    }

    /// Their events are small, and who wants to be left alone need not wait for the fan-out.
    private func operation(
        _ method: Operation.Method, _ path: Path, id: String, _ summary: String, description: String = "",
        body: RequestBody? = nil, _ done: String, handler: @escaping Transport.Handler
    ) -> Operation {
        Operation(
            method, path, id: id, tag: UserOperations.tag, summary, description: description,
            lane: .write(makesEvents: false), body: body, responses: [.noContent(done)], idempotency: .key(id),
            handler: handler)
    }

    // MARK: Blocks

    @Sendable private func block(_ request: RequestContext) async throws -> Response {
        let (owner, other) = (request.caller, request[UserPath.id])
        let (response, ended) = try await writes.run(request) { transaction in
            (
                StoredResponse(status: 204, body: []),
                try await graph.block(transaction, other, by: owner, request.trace)
            )
        }
        guard let ended else { return response }
        await changes.tell(.blocked(other, by: owner), requestID: request.requestID)
        for follow in ended {
            await changes.tell(.unfollowed(follow.followee, by: follow.follower), requestID: request.requestID)
        }
        return response
    }

    @Sendable private func unblock(_ request: RequestContext) async throws -> Response {
        let (owner, other) = (request.caller, request[UserPath.id])
        return try await end(request, .unblocked(other, by: owner)) { transaction in
            try await graph.unblock(transaction, other, by: owner, request.trace)
        }
    }

    // MARK: Mutes

    @Sendable private func mute(_ request: RequestContext) async throws -> Response {
        let (owner, other) = (request.caller, request[UserPath.id])
        let end = request[MuteFields.until]
        guard end.map({ $0 > clock.milliseconds() }) ?? true else {
            throw Problem(.invalidField, "until is past", field: "until")
        }
        let (response, told) = try await writes.run(request) { transaction in
            try await graph.mute(
                transaction, other, by: owner, until: end, notifications: request[MuteFields.notifications],
                request.trace)
            return (StoredResponse(status: 204, body: []), true)
        }
        if told != nil { await changes.tell(.muted(other, by: owner), requestID: request.requestID) }
        return response
    }

    @Sendable private func unmute(_ request: RequestContext) async throws -> Response {
        let (owner, other) = (request.caller, request[UserPath.id])
        return try await end(request, .unmuted(other, by: owner)) { transaction in
            try await graph.unmute(transaction, other, by: owner, request.trace)
        }
    }

    /// - Parameter write: true when there was one.
    private func end(
        _ request: RequestContext, _ change: AudienceChange,
        _ write: @escaping @Sendable (Transaction) async throws -> Bool
    ) async throws -> Response {
        let (response, wasThere) = try await writes.run(request) { transaction in
            (StoredResponse(status: 204, body: []), try await write(transaction))
        }
        if wasThere == true { await changes.tell(change, requestID: request.requestID) }
        return response
    }
}
