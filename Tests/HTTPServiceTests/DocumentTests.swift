import Core
import Testing

@testable import HTTPService

@Suite struct DocumentTests {
    private static let tag = Tag("things", "Things & <more>")
    private static let inner = Component(
        "Inner", .object([.always("id", Component.id.reference)]), example: ["id": "7"])
    private static let outer = Component(
        "Outer", .object([.always("inner", inner.reference), .sometimes("words", .array(of: .string()))]),
        example: ["inner": inner.example])
    private static let name = Field.text(
        "name", TextRule("a name", .name, 1...60), example: "Ada", "Without it: `nobody`.")

    private static let operations = [
        Operation(
            .put, "/things/\(PathParameter.id("id"))", id: "putThing", tag: tag, "Put", rate: .auth,
            addressRate: .init(perMinute: 3, burst: 4), otherLimits: "And no more.",
            body: RequestBody("Put", name.orNil),
            responses: [.json(outer, "Put.", status: 201, headers: [.etag])], problems: [.forbidden],
            idempotency: .key("put")
        ) { _ in .noContent },
        Operation(
            .get, "/things/\(PathParameter.id("id"))", id: "getThing", tag: tag, "Get", access: .anyone, rate: .free,
            lane: .free, headers: [.ifNoneMatch],
            responses: [.json(outer, "Got."), .notModified("The same.", headers: [])]
        ) { _ in .noContent },
    ]

    private let document = Document(
        Document.Info(title: "T", version: "1", summary: "S", description: "D `x` <b>"), describing: operations)
    private var json: JSONValue { document.json }

    private func at(_ path: String...) -> JSONValue {
        path.reduce(json) { $0.object?[$1] ?? .null }
    }

    private func keys(_ path: String...) -> [String] {
        path.reduce(json) { $0.object?[$1] ?? .null }.object?.keys ?? []
    }

    @Test func oneItemForAPath() {
        #expect(keys("paths") == ["/things/{id}"])
        #expect(keys("paths", "/things/{id}") == ["parameters", "put", "get"])
        #expect(at("paths", "/things/{id}", "get", "operationId") == "getThing")
        #expect(at("paths", "/things/{id}", "get", "security") == [])
        #expect(at("paths", "/things/{id}", "put", "security") == [["bearer": []]])
    }

    @Test func componentsAreWhatIsUsed() {
        #expect(keys("components", "schemas") == ["Problem", "Put", "Id", "Outer", "Inner"])
        #expect(at("components", "schemas", "Outer", "properties", "inner") == ["$ref": "#/components/schemas/Inner"])
        #expect(at("components", "schemas", "Put", "additionalProperties") == false)
        #expect(
            keys("components", "parameters") == ["X-Request-Id", "traceparent", "Idempotency-Key", "If-None-Match"])
    }

    @Test func aFieldsWordsAreAddedToThoseOfItsRule() {
        let words = at("components", "schemas", "Put", "properties", "name", "description").string
        #expect(words?.hasPrefix("White space") == true && words?.hasSuffix("Without it: `nobody`.") == true)
    }

    @Test func problemsOfAnOperationOnly() {
        #expect(
            keys("paths", "/things/{id}", "put", "responses")
                == ["201", "400", "401", "403", "404", "409", "413", "415", "429", "431", "503"])
        #expect(keys("paths", "/things/{id}", "get", "responses") == ["200", "304", "400", "404", "431"])
        let problem = JSONValue.string("#/components/schemas/Problem")
        for method in ["get", "put"] {
            for (status, response) in at("paths", "/things/{id}", method, "responses").object!.members
            where status >= "400" {
                let content = response.object?["content"]?.object?["application/problem+json"]?.object
                #expect(content?["schema"] == ["$ref": problem])
                #expect(content?["examples"]?.object?.keys.isEmpty == false)
            }
        }
        let limited = at("paths", "/things/{id}", "put", "responses", "429", "description").string!
        #expect(
            limited.contains("600 (300)") && limited.contains("Of these 3 (4)") && limited.hasSuffix("And no more."))
    }

    @Test func aResponseThatIsAgainSaysSo() {
        #expect(
            keys("paths", "/things/{id}", "put", "responses", "201", "headers")
                == ["X-Request-Id", "ETag", "Idempotency-Replayed"])
        #expect(keys("paths", "/things/{id}", "get", "responses", "200", "headers") == ["X-Request-Id"])
    }

    @Test func itIsWhatItsTextSays() throws {
        #expect(try JSONValue.parse(Array(json.text.utf8), depth: 32) == json)
    }

    @Test func thePageHasItAllAndNothingFromElsewhere() {
        let page = DocumentPage(document)
        let html = String(decoding: page.html, as: UTF8.self)
        for words in ["PUT", "/things/{id}", "Things &amp; &lt;more&gt;", "<code>x</code> &lt;b&gt;", "Outer", "429"] {
            #expect(html.contains(words), "\(words)")
        }
        for words in ["<script", "http:", "https:", "src=", "@import", "<b>"] {
            #expect(!html.contains(words), "\(words)")
        }
        let policy = page.headers.first { $0.0 == "Content-Security-Policy" }!.1
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-") && policy.contains("='"))
    }
}
