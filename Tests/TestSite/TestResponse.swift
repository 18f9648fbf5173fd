public import Core

/// What a route has said.
public struct TestResponse: Sendable {
    public let status: Int
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    /// The first header of this name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body; `null` where it is none.
    public var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
    public subscript(name: String) -> JSONValue { json[name] }

    /// Of a problem.
    public var code: String? { self["code"].string }
    /// What the problem names.
    public var field: String? { self["field"].string }
    public var retryAfter: Int? { header("Retry-After").flatMap { Int($0) } }

    /// Of a list.
    public var items: [JSONValue] { self["items"].array ?? [] }
    /// The cursor of the page after this one.
    public var next: String? { self["next"].string }
    /// Of a list: its items' ids.
    public var ids: [String] { items.map { $0["id"].string ?? "" } }
}

extension TestResponse {
    /// Whether this is a problem with this code, whole and well formed.
    /// - Parameter field: what it names; `nil`: no matter what.
    public func isProblem(_ status: Int, _ code: String, field: String? = nil) -> Bool {
        let known: Set = ["type", "title", "status", "code", "detail", "field", "request_id"]
        guard let object = json.object, self.status == status, header("Content-Type") == "application/problem+json"
        else { return false }
        return self.code == code && (field == nil || self.field == field)
            && self["type"].string == "/problems/\(code)" && self["status"].integer == Int64(status)
            && self["title"].string?.isEmpty == false && self["detail"].string?.isEmpty == false
            && self["request_id"].string == header("X-Request-Id") && known.isSuperset(of: object.keys)
            && (header("WWW-Authenticate") == "Bearer") == (status == 401)
    }

    public var isReplayed: Bool { header("Idempotency-Replayed") == "true" }
}

extension TestResponse: CustomStringConvertible {
    /// For the report of a test that fails.
    public var description: String { "\(status) \(String(decoding: body.prefix(500), as: UTF8.self))" }
}
