import Core
import HTTPService
import TestSite
import TestSupport
import Testing

/// The router and the document say the same: every operation, parameter, limit and problem, in both directions.
@Suite(.site) struct ContractTests {
    private let site = TestSite.current
    private let document: JSONValue
    private let check: SchemaCheck

    init() async throws {
        let response = try await site.stranger().get("/openapi.json")
        document = try JSONValue.parse(response.body, depth: 32)
        check = SchemaCheck(document)
    }

    private func item(_ operation: Operation) -> JSONValue {
        document["paths"][operation.path.template][operation.method.rawValue.lowercased()]
    }

    // MARK: From the router to the document

    @Test func everyOperationIsDescribed() {
        #expect(site.operations.count >= 22)
        for operation in site.operations {
            let described = item(operation)
            #expect(described["operationId"].string == operation.id)
            let ticket = if case .ticket(let ticket) = operation.access { ticket.name } else { "" }
            let expected = (operation.path.placeholders + operation.parameters).filter { $0.name != ticket }
            let parameters = (described["parameters"].array ?? []).filter { $0["$ref"].isNull }
            #expect(parameters.map { $0["name"].string } == expected.map(\.name), "\(operation.id)")
            for (parameter, declaration) in zip(parameters, expected) {
                #expect(parameter["in"].string == declaration.place.rawValue)
                #expect(parameter["schema"] == declaration.schema.json)
                #expect((parameter["required"].bool ?? false) == declaration.isRequired)
            }
            #expect(described["requestBody"].isNull == (operation.body == nil))
            if let body = operation.body { expectFields(of: body, described) }
        }
    }

    private func expectFields(of body: RequestBody, _ described: JSONValue) {
        let reference = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].string!
        let schema = check.target(of: reference)!
        #expect(schema["properties"].object?.keys == body.fields.map(\.name))
        #expect(schema["additionalProperties"] == false)
        let required = body.fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        #expect((schema["required"].array ?? []) == required)
    }

    @Test func everyResponseAndProblemIsDescribed() {
        for operation in site.operations {
            let responses = item(operation)["responses"].object!
            let declared = operation.responses.map(\.status)
            let problems = operation.problems.filter { !declared.contains($0.status) }
            #expect(Set(responses.keys) == Set((declared + problems.map(\.status)).map(String.init)), "\(operation.id)")
            for (status, problems) in Dictionary(grouping: problems, by: \.status) {
                let content = responses["\(status)"]!["content"]["application/problem+json"]
                #expect(content["schema"] == ["$ref": "#/components/schemas/Problem"])
                #expect(Set(content["examples"].object!.keys) == Set(problems.map(\.code.name)), "\(operation.id)")
            }
            for response in operation.responses {
                let described = responses["\(response.status)"]!
                #expect((described["content"].object?.keys ?? []) == response.contents.map(\.type))
            }
        }
    }

    // MARK: From the document to the router

    @Test func everythingDescribedIsServed() async throws {
        let methods = ["get", "put", "post", "patch", "delete"]
        // What concerns the process alone is not in this site's router.
        for (path, item) in document["paths"].object!.members {
            for method in item.object!.keys where methods.contains(method) {
                let found = site.operations.first { $0.id == item[method]["operationId"].string }
                let operation = try #require(found)
                #expect(operation.path.template == path && operation.method.rawValue == method.uppercased())
                // Nothing is at an address that no operation is at; so another method is the wrong one here.
                let response = try await site.stranger().send("TRACE", address(of: operation))
                #expect(response.status == 405, "\(operation.id)")
                #expect(response.header("Allow")?.contains(method.uppercased()) == true)
            }
        }
    }

    /// With the examples of its placeholders.
    private func address(of operation: Operation) -> String {
        operation.path.placeholders.reduce(operation.path.template) { path, placeholder in
            let parts = path.split(separator: "{\(placeholder.name)}", omittingEmptySubsequences: false)
            return parts.joined(separator: placeholder.example.string!)
        }
    }

    @Test func referencesLeadSomewhereAndEverythingIsUsed() {
        var used: Set<String> = []
        func walk(_ value: JSONValue) {
            for item in value.array ?? [] { walk(item) }
            for (key, item) in value.object?.members.map({ ($0, $1) }) ?? [] {
                if key == "$ref", let reference = item.string {
                    #expect(check.target(of: reference) != nil, "\(reference)")
                    used.insert(reference)
                }
                walk(item)
            }
        }
        walk(document)
        for (kind, components) in document["components"].object!.members where kind != "securitySchemes" {
            for name in components.object!.keys {
                #expect(used.contains("#/components/\(kind)/\(name)"), "\(kind) \(name)")
            }
        }
    }

    @Test func namesAreUnique() {
        let ids = site.operations.map(\.id)
        #expect(Set(ids).count == ids.count)
        // By these keys are kept across upgrades.
        let kinds = site.operations.compactMap { if case .key(let kind) = $0.idempotency { kind } else { nil } }
        #expect(
            Set(kinds).isSuperset(of: [
                "signup", "login", "refresh", "logout", "follow", "unfollow", "posts", "delete post", "ticket",
                "bookmark", "unbookmark",
            ]))
    }

    // MARK: Examples

    @Test func everyExampleIsOneOfItsSchema() {
        var count = 0
        func expect(_ example: JSONValue, _ schema: JSONValue, _ place: String) {
            let complaints = check.complaints(example, schema)
            #expect(complaints == [], "\(place)")
            count += 1
        }
        for (path, item) in document["paths"].object!.members {
            for (method, operation) in item.object!.members where method != "parameters" {
                let place = "\(method) \(path)"
                for parameter in operation["parameters"].array ?? [] where parameter["$ref"].isNull {
                    expect(parameter["example"], parameter["schema"], place)
                }
                let bodies = [operation["requestBody"]] + (operation["responses"].object!.members.map(\.1))
                for content in bodies.compactMap(\.["content"].object).flatMap({ $0.members.map(\.1) }) {
                    if let examples = content["examples"].object {
                        for (_, example) in examples.members {
                            let value = check.target(of: example["$ref"].string!)!["value"]
                            expect(value, content["schema"], place)
                        }
                    } else {
                        expect(content["example"], content["schema"], place)
                    }
                }
            }
        }
        #expect(count > 150)
    }
}
