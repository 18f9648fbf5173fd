import Core

extension Document {
    func json(of operation: Operation) -> JSONValue {
        var members: JSONObject = [
            "operationId": .string(operation.id), "tags": [.string(operation.tag.name)],
            "summary": .string(operation.summary),
        ]
        if !operation.description.isEmpty { members.set("description", .string(operation.description)) }
        members.set("security", Self.security(operation.access))
        let parameters = operation.shownParameters.map(Self.parameter) + operation.shownHeaders.map { reference($0) }
        if !parameters.isEmpty { members.set("parameters", .array(parameters)) }
        if let body = operation.body {
            let component = body.component
            members.set(
                "requestBody",
                [
                    "required": .bool(body.isRequired),
                    "content": [
                        "application/json": ["schema": component.reference.json, "example": component.example]
                    ],
                ])
        }
        members.set("responses", responses(of: operation))
        return .object(members)
    }

    private static func security(_ access: Access) -> JSONValue {
        switch access {
        case .anyone: []
        case .optional: [[:], ["bearer": []]]
        case .signedIn, .signedInOrLeaving, .owner: [["bearer": []]]
        case .ticket(let ticket): [["bearer": []], .object(JSONObject([(ticket.name, [])]))]
        }
    }

    private static func parameter(_ declaration: Declaration) -> JSONValue {
        var members: JSONObject = [
            "name": .string(declaration.name), "in": .string(declaration.place.rawValue),
        ]
        if declaration.isRequired { members.set("required", true) }
        members.set("schema", declaration.schema.json)
        members.set("example", declaration.example)
        if !declaration.description.isEmpty { members.set("description", .string(declaration.description)) }
        return .object(members)
    }

    // MARK: Responses

    private func responses(of operation: Operation) -> JSONValue {
        var responses = JSONObject()
        for response in operation.responses { responses.set(String(response.status), json(of: response, operation)) }
        let problems = operation.problems.filter { responses[String($0.status)] == nil }
        for status in Set(problems.map(\.status)).sorted() {
            let here = problems.filter { $0.status == status }
            responses.set(String(status), problem(status, here, operation))
        }
        return .object(responses)
    }

    private func json(of response: DeclaredResponse, _ operation: Operation) -> JSONValue {
        let replayed: [HeaderField] = operation.idempotency == .none ? [] : [.replayed]
        var members: JSONObject = [
            "description": .string(response.description),
            "headers": responseHeaders([.requestID] + response.headers + replayed),
        ]
        if !response.contents.isEmpty {
            let contents = response.contents.map { content -> (String, JSONValue) in
                (content.type, ["schema": content.schema.json, "example": content.example])
            }
            members.set("content", .object(JSONObject(contents)))
        }
        return .object(members)
    }

    /// - Parameter problems: those of the status.
    private func problem(_ status: Int, _ problems: [PossibleProblem], _ operation: Operation) -> JSONValue {
        let codes = problems.map { "`\($0.code.name)`: \($0.code.title)." }.joined(separator: " ")
        let examples = problems.map { problem -> (String, JSONValue) in
            (problem.code.name, ["$ref": .string("#/components/examples/\(problem.exampleName)")])
        }
        let content: JSONValue = [
            "schema": Component.problem.reference.json, "examples": .object(JSONObject(examples)),
        ]
        return [
            "description": .string(([codes] + operation.words(on: status)).joined(separator: " ")),
            "headers": responseHeaders([.requestID] + HeaderField.ofProblem(status)),
            "content": .object(JSONObject([(Problem.contentType, content)])),
        ]
    }
}

extension Operation {
    /// Without the ticket, which is told as a way to sign in.
    var shownParameters: [Declaration] {
        guard case .ticket(let ticket) = access else { return path.placeholders + parameters }
        return path.placeholders + parameters.filter { $0 !== ticket.declaration }
    }

    var shownHeaders: [HeaderField] { headers + (idempotency == .none ? [] : [.idempotencyKey]) }

    /// What is to be said of a problem's status beside its codes.
    func words(on status: Int) -> [String] {
        switch status {
        case 429:
            let own = addressRate.map { "Of these \($0) for an address." }
            return [RateLimits.summary(of: rate), own ?? "", otherLimits].filter { !$0.isEmpty }
        case 503:
            let key = idempotency == .none ? "" : ", with the same `Idempotency-Key`"
            return ["Send it again after `Retry-After` seconds\(key)."]
        default: return []
        }
    }
}
