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
                    DeadLetterFields.providerParameter, DeadLetterFields.afterParameter,
                    DeadLetterFields.beforeParameter, PageParameters.limit, PageParameters.cursor,
                ],
                responses: [.json(DeadLetterView.list, "Newest first, without what was redriven.")],
                problems: [.forbidden], handler: list),
            Operation(
                .get, "/v1/admin/dead-letters/\(DeadLetterFields.letter)", id: "readDeadLetter", tag: Self.tag,
                "One of them, with its headers and its bytes",
                responses: [.json(DeadLetterView.whole, "Also one that was redriven.")], problems: [.forbidden],
                handler: letter),
            Operation(
                .get, "/v1/admin/dead-letters/redrives/\(DeadLetterFields.redrive)", id: "readRedrive", tag: Self.tag,
                "How far a redrive is", responses: [.json(DeadLetterView.progress, "So many are given back.")],
                problems: [.forbidden], handler: progress),
            Operation(
                .post, "/v1/admin/dead-letters/purge", id: "purgeDeadLetters", tag: Self.tag,
                "Remove dead letters for good",
                description: """
                    Only counts, but for `dry_run: false`; then `expected` is how many the filter chooses (409 `conflict`), and                     \(DeadLetterDesk.mostPurged) of them at most are removed.
                    """, lane: .write(makesEvents: false),
                body: RequestBody(
                    "PurgeDeadLetters", DeadLetterFields.filter, DeadLetterFields.dryRun, DeadLetterFields.expected),
                responses: [.json(DeadLetterView.purge, "What is removed.")],
                problems: [.forbidden, .missingField, .conflict],
                idempotency: .key("purge dead letters"), handler: purge),
            Operation(
                .post, "/v1/admin/dead-letters/redrive", id: "redriveDeadLetters", tag: Self.tag,
                "Give dead letters back to their groups",
                description: """
                    A worker gives back those that were there at the time of the request, so many a second. One that has died \
                    \(DeadLetters.mostRedrives) times again stays. Only counts, but for `dry_run: false`.
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
        filter.after = request[DeadLetterFields.afterParameter]
        filter.before = request[DeadLetterFields.beforeParameter]
        return try await lists.read(request, largest: limit * DeadLetterView.largest) {
            let found = try await desk.letters.list(filter, below: below.raw, limit: limit + 1)
            return request.page(
                found.prefix(limit), hasMore: found.count > limit, page, cursors, id: { ID(raw: $0.id) },
                append: DeadLetterView.append)
        }
    }

    @Sendable private func letter(_ request: RequestContext) async throws -> Response {
        try await desk.check(request.caller)
        let id = request[DeadLetterFields.letter]
        return try await lists.read(request, largest: DeadLetterView.largestWhole) {
            guard let (letter, value) = try await desk.letters.letter(id.raw) else {
                throw Problem(.notFound, "there is no dead letter \(id)")
            }
            return .json { DeadLetterView.append(letter, value: value, to: &$0) }
        }
    }

    @Sendable private func progress(_ request: RequestContext) async throws -> Response {
        try await desk.check(request.caller)
        let id = request[DeadLetterFields.redrive]
        guard let progress = try await desk.letters.progress(of: id.raw) else {
            throw Problem(.notFound, "there is no redrive \(id)")
        }
        return .json { DeadLetterView.append(progress, of: id, to: &$0) }
    }

    /// That nothing is done to all of them by an oversight.
    private static func check(_ filter: DeadLetterFilter) throws(Problem) {
        guard !filter.choosesAll else {
            throw Problem(.invalidField, "filter says which: for all of them, died_before", field: "filter")
        }
    }

    @Sendable private func purge(_ request: RequestContext) async throws -> Response {
        try await desk.check(request.caller)
        let (filter, isDry) = (request[DeadLetterFields.filter], request[DeadLetterFields.dryRun])
        if !isDry { try Self.check(filter) }
        let expected = request[DeadLetterFields.expected]
        if !isDry, expected == nil {
            throw Problem(.missingField, "expected must be there: how many are removed", field: "expected")
        }
        let matching = try await desk.letters.sums(filter).reduce(0) { $0 + $1.count }
        return try await writes.run(request) { transaction in
            var purged: Int?
            if !isDry {
                guard expected == matching else { throw Problem(.conflict, "there are \(matching) of them") }
                purged = try await desk.purge(transaction, filter, most: matching, by: request.caller, request.trace)
            }
            var json = ByteWriter(capacity: 64)
            DeadLetterView.append(matching: matching, purged: purged, to: &json)
            return StoredResponse(status: 200, body: json.bytes)
        }
    }

    @Sendable private func redrive(_ request: RequestContext) async throws -> Response {
        try await desk.check(request.caller)
        let (filter, isDry) = (request[DeadLetterFields.filter], request[DeadLetterFields.dryRun])
        if !isDry { try Self.check(filter) }
        let (matching, tooOften) = try await desk.letters.matching(filter)
        return try await writes.run(request) { transaction in
            let id =
                isDry
                ? nil
                : try await desk.redrive(
                    transaction, filter, rate: request[DeadLetterFields.rate], by: request.caller, request.trace)
            var json = ByteWriter(capacity: 128)
            DeadLetterView.append(DeadLetterView.Redrive(matching: matching, tooOften: tooOften, id: id), to: &json)
            return StoredResponse(status: 200, body: json.bytes)
        }
    }
}
