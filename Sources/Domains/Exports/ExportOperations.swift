import Core
import HTTPService

/// An account is exported, and fetched as an archive.
struct ExportOperations: Sendable {
    private static let tag = Tag("export", "All that is held of an account, as an archive")
    private static let id = PathParameter.id("id", "Of the export.")
    private static let key = Parameter<String>.text(
        "key", .string(length: 1...64), example: "q3W0c2Zx4bR1n9LkTt5uYw8e7v6d2s1aQ3W0c2Zx4bR",
        "From the export's `url`.")
    private static let location = HeaderField(
        "Location", .string(pattern: "^/v1/me/exports/[0-9]{1,16}$"), "Where the export is.", isRequired: true)
    let exports: Exports
    let writes: Writes
    let lists: Lists
    let cursors: CursorSigner
    /// Those who fetch read one after the other, so that nobody else waits for them.
    let reads = AsyncSemaphore(2, name: "export_reads")

    var all: [Operation] {
        [
            Operation(
                .post, "/v1/me/export", id: "exportAccount", tag: Self.tag, "Ask for an export of the caller's account",
                description: """
                    It is made when its turn has come; ask `GET /v1/me/exports/{id}` now and then. One at a time (409 \
                    `conflict`), \(Exports.mostADay) in 24 hours. The archive is a ZIP of JSON Lines, a file for each \
                    kind of thing, and `manifest.json` with their SHA-256, signed with a key at `/v1/keys`.
                    """,
                access: .signedInOrLeaving, lane: .write(makesEvents: false),
                responses: [.json(Export.component, "It will be made.", status: 202, headers: [Self.location])],
                idempotency: .key("export account"), servesSuspended: true, handler: request),
            Operation(
                .get, "/v1/me/exports", id: "listExports", tag: Self.tag, "The caller's exports",
                access: .signedInOrLeaving, parameters: [PageParameters.limit, PageParameters.cursor],
                responses: [.json(Export.list, "Newest first; without those that have expired.")], handler: list),
            Operation(
                .get, "/v1/me/exports/\(Self.id)", id: "readExport", tag: Self.tag, "How far an export is",
                access: .signedInOrLeaving, responses: [.json(Export.component, "And where the archive is.")],
                handler: read),
            Operation(
                .get, "/v1/exports/\(Self.id)", id: "fetchExport", tag: Self.tag, "The archive of an export",
                description: """
                    At the address that the export's `url` gives, without a token, for 24 hours. A download that was cut \
                    goes on by `Range` and `If-Range`.
                    """,
                access: .anyone, parameters: [Self.key], headers: [.range, .ifRange],
                responses: [
                    .file("All of it.", headers: [.etag, .contentDisposition]),
                    .file(
                        "The part that was asked for.", status: 206,
                        headers: [.etag, .contentDisposition, .contentRange]),
                ],
                problems: [.rangeNotSatisfiable], handler: fetch),
        ]
    }

    @Sendable private func request(_ request: RequestContext) async throws -> Response {
        try await writes.run(request) { transaction in
            let export = try await exports.request(transaction, of: request.caller)
            return StoredResponse(status: 202, location: "/v1/me/exports/\(export.id)", body: export.json)
        }
    }

    @Sendable private func list(_ request: RequestContext) async throws -> Response {
        let (caller, limit) = (request.caller, request[PageParameters.limit])
        let list = PageCursor.List(tag: 14, subject: caller)
        let below = try request.below(list, cursors)
        return try await lists.read(request, largest: limit * 512) {
            let found = try await exports.list(of: caller, below: below, limit: limit + 1)
            return request.page(found.prefix(limit), hasMore: found.count > limit, list, cursors, id: \.id) {
                $1.append(to: &$0)
            }
        }
    }

    @Sendable private func read(_ request: RequestContext) async throws -> Response {
        .json(try await exports.read(request[Self.id], of: request.caller).json)
    }

    @Sendable private func fetch(_ request: RequestContext) async throws -> Response {
        let id = request[Self.id]
        let archive = try await exports.archive(id, key: request[Self.key])
        let etag = "\"\(id)\""
        var headers = [
            ("Content-Type", DeclaredResponse.fileType), ("ETag", etag), ("Accept-Ranges", "bytes"),
            ("Content-Disposition", "attachment; filename=\"martlet-\(archive.handle).zip\""),
        ]
        let part: Range<Int>
        switch ByteRange(of: request.http, length: archive.length, etag: etag) {
        case .whole: part = 0..<archive.length
        case .part(let asked):
            part = asked
            headers.append(("Content-Range", "bytes \(asked.lowerBound)-\(asked.upperBound - 1)/\(archive.length)"))
        case .unsatisfiable:
            throw Problem(
                .rangeNotSatisfiable, "the archive has \(archive.length) bytes, none of them in this range",
                field: "Range")
        }
        var response = Response(status: part.count < archive.length ? 206 : 200, headers: headers)
        response.pieces = exports.pieces(of: id, part, in: reads)
        return response
    }
}
