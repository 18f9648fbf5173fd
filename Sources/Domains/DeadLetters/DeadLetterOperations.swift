import Consumers
import Core
import HTTPService

/// For admins.
struct DeadLetterOperations: Sendable {
    private static let tag = Tag("operation", "What went wrong, for admins")
    let desk: DeadLetterDesk
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/admin/dead-letters", id: "listDeadLetters", tag: Self.tag,
                "Records that a consumer group could not do",
                description: """
                    A record that nobody can read, that is refused or has failed as often as it may waits here for an admin: \
                    for \(DeadLetters.keptHours / 24) days.
                    """,
                parameters: [
                    DeadLetterFields.groupParameter, DeadLetterFields.reasonParameter,
                    DeadLetterFields.providerParameter, PageParameters.limit, PageParameters.cursor,
                ],
                responses: [.json(DeadLetterView.list, "Newest first, without what was redriven.")],
                problems: [.forbidden], handler: list),
            Operation(
                .post, "/v1/admin/dead-letters/redrive", id: "redriveDeadLetters", tag: Self.tag,
                "Give dead letters back to their groups",
                description: """
                    A worker gives back those that were there at the time of the request, so many a second. One that has died \
                    \(DeadLetters.mostRedrives) times again stays. `dry_run` only counts.
                    """, lane: .write(makesEvents: false),
                body: RequestBody(
                    "Redrive", DeadLetterFields.filter, DeadLetterFields.dryRun, DeadLetterFields.rate),
                responses: [.json(DeadLetterView.redrive, "What is redriven.")], problems: [.forbidden],
                idempotency: .key("redrive"), handler: redrive),
        ]
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        try await desk.check(request.caller)
        let limit = request[PageParameters.limit]
        let page = PageCursor.List(tag: 40)
        let below = try request.below(page, cursors)
        var filter = DeadLetterFilter()
        filter.group = request[DeadLetterFields.groupParameter]
        filter.reason = request[DeadLetterFields.reasonParameter]
        filter.provider = request[DeadLetterFields.providerParameter]
        return try await lists.read(request, largest: limit * DeadLetterView.largest) {
            let found = try await desk.letters.list(filter, below: below.raw, limit: limit + 1)
            return request.page(
                found.prefix(limit), hasMore: found.count > limit, page, cursors, id: { ID(raw: $0.id) },
                append: DeadLetterView.append)
        }
    }

    @Sendable private func redrive(_ request: RequestContext) async throws -> Response {
        try await desk.check(request.caller)
        let filter = request[DeadLetterFields.filter]
        let (matching, tooOften) = try await desk.letters.matching(filter)
        return try await writes.run(request) { transaction in
            let id =
                request[DeadLetterFields.dryRun]
                ? nil
                : try await desk.redrive(
                    transaction, filter, rate: request[DeadLetterFields.rate], by: request.caller, request.trace)
            var json = ByteWriter(capacity: 128)
            DeadLetterView.append(DeadLetterView.Redrive(matching: matching, tooOften: tooOften, id: id), to: &json)
            return StoredResponse(status: 200, body: json.bytes)
        }
    }
}
