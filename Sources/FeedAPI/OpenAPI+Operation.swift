import HTTPService

extension OpenAPI {
    /// One call. What follows from its kind, such as the errors that every write can give, is added by `json`.
    struct Operation {
        enum Access {
            case anyone, optional, signedIn
            /// Signed in by token or by ticket.
            case stream
        }

        struct Answer {
            let status: Int
            let description: String
            /// Media type and schema as JSON; `nil` for an answer without a body, or with one that is not promised.
            var content: (type: String, schema: String)?
            var headers: [String] = []
        }

        let method: String
        let path: String
        /// Unique in the document.
        let id: String
        let tag: String
        let summary: String
        var description = ""
        let access: Access
        let limit: Route.Class
        /// Names in the components.
        var parameters: [String] = []
        /// Name of the body's schema.
        var body: String?
        var takesIdempotencyKey = false
        let answers: [Answer]
        /// Statuses of errors beyond those that follow from the rest.
        var problems: Set<Int> = []

        var json: String {
            var members = [
                ("operationId", text(id)), ("tags", array([text(tag)])), ("summary", text(summary)),
            ]
            if !description.isEmpty { members.append(("description", text(description))) }
            members.append(("security", security))
            let names = parameters + (takesIdempotencyKey ? ["IdempotencyKey"] : [])
            if !names.isEmpty { members.append(("parameters", array(names.map(OpenAPI.parameter)))) }
            if let body {
                let content = object([("application/json", object([("schema", schema(body))]))])
                members.append(("requestBody", object([("required", "true"), ("content", content)])))
            }
            members.append(("responses", responses))
            return object(members)
        }

        private var security: String {
            switch access {
            case .anyone: "[]"
            case .optional: "[{},{\"bearer\":[]}]"
            case .signedIn: "[{\"bearer\":[]}]"
            case .stream: "[{\"bearer\":[]},{\"ticket\":[]}]"
            }
        }

        private var responses: String {
            let good = answers.map { (String($0.status), response($0)) }
            let bad = allProblems.sorted().map { (String($0), reference("responses", problemName($0))) }
            return object(good + bad)
        }

        private var allProblems: Set<Int> {
            // What can befall every request: query, other methods of the address, sizes, and a service that is busy.
            var all = problems.union([400, 405, 413, 431, 503])
            if access != .anyone { all.insert(401) }
            if path.contains("{") { all.insert(404) }
            if limit != .free { all.insert(429) }
            if method != "get" { all.insert(415) }
            if takesIdempotencyKey { all.insert(409) }
            return all.subtracting(answers.map(\.status))
        }

        private func response(_ answer: Answer) -> String {
            let replayed = takesIdempotencyKey ? ["Idempotency-Replayed"] : []
            var members = [
                ("description", text(answer.description)),
                ("headers", OpenAPI.headers(["X-Request-Id"] + answer.headers + replayed)),
            ]
            if let (type, schema) = answer.content {
                members.append(("content", object([(type, object([("schema", schema)]))])))
            }
            return object(members)
        }
    }
}

extension OpenAPI.Operation.Answer {
    /// A JSON body of a schema in the components.
    static func json(
        _ schema: String, _ description: String, status: Int = 200, headers: [String] = []
    ) -> Self {
        Self(
            status: status, description: description, content: ("application/json", OpenAPI.schema(schema)),
            headers: headers)
    }

    static func empty(_ description: String) -> Self { Self(status: 204, description: description) }
}
