public import Core

/// The contract for machines: OpenAPI 3.1, made of the operations that are served.
public struct Document: Sendable {
    public struct Info: Sendable {
        public let title: String
        public let version: String
        public let summary: String
        /// In Markdown: what goes for all operations.
        public let description: String

        public init(title: String, version: String, summary: String, description: String) {
            self.title = title
            self.version = version
            self.summary = summary
            self.description = description
        }
    }

    public let info: Info
    public let operations: [Operation]
    /// Every schema that has a name.
    let components: [Component]
    /// Header fields of responses by name. Where two have one name, the first one is here.
    private let responseHeaders: [HeaderField]
    private let requestHeaders: [HeaderField]

    public init(_ info: Info, describing operations: [Operation]) {
        self.info = info
        self.operations = operations
        var found: [Component] = []
        Component.problem.withAllBelow(&found)
        for component in operations.flatMap(\.components) { component.withAllBelow(&found) }
        components = found
        let problems = operations.flatMap { $0.problems.flatMap { HeaderField.ofProblem($0.status) } }
        let ofResponses = operations.flatMap { $0.responses.flatMap(\.headers) }
        responseHeaders = ([.requestID, .replayed] + problems + ofResponses).firstOfEachName
        requestHeaders =
            ([.givenRequestID, .traceparent, .idempotencyKey] + operations.flatMap(\.headers)).firstOfEachName
    }

    public var json: JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": .string(info.title), "version": .string(info.version), "summary": .string(info.summary),
                "description": .string(info.description),
            ],
            "servers": [["url": "/"]],
            "tags": .array(tags.map { ["name": .string($0.name), "description": .string($0.description)] }),
            "security": [["bearer": []]],
            "paths": paths,
            "components": [
                "securitySchemes": securitySchemes,
                "parameters": .object(JSONObject(requestHeaders.map { ($0.name, parameter($0)) })),
                "headers": .object(JSONObject(responseHeaders.map { ($0.name, $0.ofResponse) })),
                "schemas": .object(JSONObject(components.map { ($0.name, $0.schema.json) })),
                "examples": examples,
            ],
        ]
    }

    /// In the order in which operations have them.
    var tags: [Tag] {
        var found: [Tag] = []
        for tag in operations.map(\.tag) where !found.contains(tag) { found.append(tag) }
        return found
    }

    /// Operations in their order, those of one path together.
    private var paths: JSONValue {
        var paths = JSONObject()
        for operation in operations {
            let path = operation.path.template
            let shared: JSONObject = [
                "parameters": .array([HeaderField.givenRequestID, .traceparent].map { reference($0) })
            ]
            var item = paths[path]?.object ?? shared
            item.set(operation.method.rawValue.lowercased(), json(of: operation))
            paths.set(path, .object(item))
        }
        return .object(paths)
    }

    private var securitySchemes: JSONValue {
        var schemes: JSONObject = [
            "bearer": [
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "The access token of a session; it lasts 15 minutes.",
            ]
        ]
        for case .ticket(let ticket) in operations.map(\.access) {
            schemes.set(
                ticket.name,
                [
                    "type": "apiKey", "in": "query", "name": .string(ticket.name),
                    "description": .string(ticket.declaration.description),
                ])
        }
        return .object(schemes)
    }

    private func parameter(_ header: HeaderField) -> JSONValue {
        [
            "name": .string(header.name), "in": "header", "schema": header.schema.json,
            "description": .string(header.description),
        ]
    }

    /// By reference to the component, or in full where that has another meaning.
    func responseHeaders(_ headers: [HeaderField]) -> JSONValue {
        .object(
            JSONObject(
                headers.map { header in
                    let isShared = responseHeaders.contains(header)
                    let name = JSONValue.string("#/components/headers/\(header.name)")
                    return (header.name, isShared ? ["$ref": name] : header.ofResponse)
                }))
    }

    func reference(_ header: HeaderField) -> JSONValue {
        ["$ref": .string("#/components/parameters/\(header.name)")]
    }

    // MARK: Problems

    private var examples: JSONValue {
        var examples = JSONObject()
        for problem in operations.flatMap(\.problems) where examples[problem.exampleName] == nil {
            examples.set(
                problem.exampleName,
                [
                    "summary": .string(problem.code.title),
                    "value": .example(of: problem.code, status: problem.status),
                ])
        }
        return .object(examples)
    }
}

extension PossibleProblem {
    var exampleName: String { status == code.status ? code.name : "\(code.name)_\(status)" }
}

extension Operation {
    fileprivate var components: [Component] {
        let body = self.body.map { [$0.component] } ?? []
        return body + declarations.filter { $0.place != .body }.flatMap(\.schema.components)
            + responses.flatMap { $0.contents.flatMap(\.schema.components) }
    }
}

extension HeaderField {
    var ofResponse: JSONValue {
        var members = JSONObject()
        if isRequired { members.set("required", true) }
        members.set("schema", schema.json)
        members.set("description", .string(description))
        return .object(members)
    }
}

extension [HeaderField] {
    fileprivate var firstOfEachName: [HeaderField] {
        var found: [HeaderField] = []
        for header in self where !found.contains(where: { $0.name == header.name }) { found.append(header) }
        return found
    }
}
