import Core
import HTTPService

/// The public contract as a document for machines, served at `/openapi.json`.
public enum OpenAPI {
    /// OpenAPI 3.1 in JSON: every call, every status that it can give, every schema.
    public static let document: String = """
        {"openapi":"3.1.0","info":\(info),"servers":[{"url":"/"}],"tags":\(tags),\
        "security":[{"bearer":[]}],"paths":\(paths),"components":{"securitySchemes":\(securitySchemes),\
        "parameters":\(parameters),"headers":\(headers),"schemas":\(schemas),"responses":{\(problems)}}}
        """

    /// Operations in their order, those of one path together.
    private static var paths: String {
        var order: [String] = []
        var byPath: [String: [Operation]] = [:]
        for operation in operations {
            if byPath[operation.path] == nil { order.append(operation.path) }
            byPath[operation.path, default: []].append(operation)
        }
        return object(
            order.map { path in
                let shared = ("parameters", array(["XRequestId", "Traceparent"].map(Self.parameter)))
                return (path, object([shared] + byPath[path]!.map { ($0.method, $0.json) }))
            })
    }

    // MARK: Answers that say what went wrong

    /// A response for each status of an error, with the codes that go with it.
    private static var problems: String {
        let statuses = Set(ErrorCode.allCases.map(\.status)).sorted()
        return statuses.map { "\(text(problemName($0))):\(problem($0))" }.joined(separator: ",")
    }

    private static func problem(_ status: Int) -> String {
        let codes = ErrorCode.allCases.filter { $0.status == status }
        let description =
            codes.map { "`\($0.rawValue)`: \($0.title)." }.joined(separator: " ") + (details[status] ?? "")
        let schema = """
            {"allOf":[{"$ref":"#/components/schemas/Problem"},{"type":"object","properties":\
            {"status":{"const":\(status)},"code":{"enum":\(array(codes.map { text($0.rawValue) }))}}}]}
            """
        let names = ["X-Request-Id"] + (problemHeaders[status] ?? [])
        return """
            {"description":\(text(description)),"headers":\(headers(names)),\
            "content":{\(text(Problem.contentType)):{"schema":\(schema)}}}
            """
    }

    private static let details = [
        429: " " + RateLimits.summary,
        503: " Send it again after `Retry-After` seconds, a write with the same `Idempotency-Key`.",
    ]

    private static let problemHeaders = [
        401: ["WWW-Authenticate"], 405: ["Allow"], 409: ["Retry-After"], 415: ["Accept-Encoding"],
        429: ["Retry-After"], 503: ["Retry-After"],
    ]

    static func problemName(_ status: Int) -> String { "Problem\(status)" }

    // MARK: JSON

    static func text(_ text: String) -> String {
        var writer = ByteWriter(capacity: text.utf8.count + 2)
        writer.append(jsonString: text)
        return writer.string
    }

    static func array(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

    /// - Parameter members: names as text, values as JSON.
    static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(text($0)):\($1)" }.joined(separator: ",") + "}"
    }

    static func schema(_ name: String) -> String { reference("schemas", name) }
    static func parameter(_ name: String) -> String { reference("parameters", name) }
    static func reference(_ kind: String, _ name: String) -> String { "{\"$ref\":\"#/components/\(kind)/\(name)\"}" }

    static func headers(_ names: [String]) -> String { object(names.map { ($0, reference("headers", $0)) }) }
}
