import Core
import HTTPService
import Store

/// How the caller wants to be notified.
struct PreferenceOperations: Sendable {
    private static let tag = Tag("preferences", "How the caller wants to be notified")
    let database: Database
    let writes: Writes
    let types: [String]
    private let fields: PreferenceFields
    private let component: Component

    init(database: Database, writes: Writes, types: [String]) {
        (self.database, self.writes, self.types) = (database, writes, types)
        fields = PreferenceFields(types: types)
        component = RequestBody("Preferences", fields: fields.all.map(\.declaration)).component
    }

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/me/preferences", id: "getPreferences", tag: Self.tag, "The caller's preferences",
                headers: [.ifNoneMatch],
                responses: [
                    .json(component, "All of them, as they are without a choice of the caller.", headers: [.etag]),
                    .notModified("They are as the caller has them."),
                ], handler: show),
            Operation(
                .put, "/v1/me/preferences", id: "putPreferences", tag: Self.tag, "Set the caller's preferences",
                description: """
                    The whole document: what is left out has its default again. What is in the inbox stays there; what comes is \
                    kept out of it where they say so.
                    """,
                lane: .write(makesEvents: false), headers: [.ifMatch],
                body: RequestBody("Preferences", fields: fields.all.map(\.declaration)),
                responses: [.json(component, "As they are now.", headers: [.etag])],
                problems: [.missingField, .versionConflict], idempotency: .key("preferences"), handler: put),
        ]
    }

    @Sendable private func show(_ request: RequestContext) async throws -> Response {
        let json = try await view(database.query(PreferenceRow.rows(of: [request.caller])).first).json
        let tag = PreferenceView.tag(of: json)
        let headers = [("ETag", tag), ("Cache-Control", "private, no-cache")]
        return request.http.has(tag: tag)
            ? Response(status: 304, headers: headers) : .json(json, headers: headers)
    }

    @Sendable private func put(_ request: RequestContext) async throws -> Response {
        let wish = fields.preferences(request)
        var response = try await writes.run(request) { transaction in
            let found = try await transaction.batch([
                PreferenceRow.lock(request.caller), PreferenceRow.rows(of: [request.caller]),
            ])[1]
            try request.http.checkMatch(PreferenceView.tag(of: view(found.first).json))
            try await transaction.query(PreferenceRow.store(wish, of: request.caller, known: types))
            return StoredResponse(status: 200, body: PreferenceView(preferences: wish, types: types).json)
        }
        response.headers.append(("ETag", PreferenceView.tag(of: response.body)))
        return response
    }

    private func view(_ row: PgRow?) throws -> PreferenceView {
        guard let row else { throw Problem(.unauthenticated, "the account has gone") }
        return PreferenceView(preferences: try PreferenceRow.preferences(row), types: types)
    }
}
