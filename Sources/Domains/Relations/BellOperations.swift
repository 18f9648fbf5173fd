import Core
import HTTPService
import Store

/// Of whose posts the caller is notified.
struct BellOperations: Sendable {
    let graph: Graph
    let writes: Writes

    var all: [Operation] {
        [
            Operation(
                .put, "/v1/users/\(UserPath.id)/bell", id: "setBell", tag: UserOperations.tag,
                "Be notified of each post of a user",
                description: "Up to \(Bells.most) users; whether the caller follows them makes no difference.",
                lane: .write(makesEvents: false), responses: [.noContent("The bell is on, perhaps since before.")],
                problems: [.forbidden, .tooMany], idempotency: .key("bell")
            ) { request in
                try await run(request) { try await graph.setBell($0, of: request[UserPath.id], for: request.caller) }
            },
            Operation(
                .delete, "/v1/users/\(UserPath.id)/bell", id: "removeBell", tag: UserOperations.tag,
                "Be notified of a user's posts no more", lane: .write(makesEvents: false),
                responses: [.noContent("The bell is off.")], idempotency: .key("no bell")
            ) { request in
                try await run(request) {
                    try await graph.removeBell($0, of: request[UserPath.id], for: request.caller)
                }
            },
        ]
    }

    private func run(
        _ request: RequestContext, _ write: @escaping @Sendable (Transaction) async throws -> Void
    ) async throws -> Response {
        try await writes.run(request) { transaction in
            try await write(transaction)
            return StoredResponse(status: 204, body: [])
        }
    }
}
