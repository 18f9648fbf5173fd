public import Core

/// A response that an operation can give, problems aside: its status, what it means, what is in it.
public struct DeclaredResponse: Sendable {
    public struct Content: Sendable {
        public let type: String
        public let schema: Schema
        public let example: JSONValue
    }

    public let status: Int
    public let description: String
    /// One for each media type; empty for a response without a body.
    public let contents: [Content]
    public let headers: [HeaderField]

    public init(_ status: Int, _ description: String, contents: [Content] = [], headers: [HeaderField] = []) {
        self.status = status
        self.description = description
        self.contents = contents
        self.headers = headers
    }

    public static func json(
        _ component: Component, _ description: String, status: Int = 200, headers: [HeaderField] = []
    ) -> DeclaredResponse {
        DeclaredResponse(
            status, description,
            contents: [Content(type: "application/json", schema: component.reference, example: component.example)],
            headers: headers)
    }

    public static func noContent(_ description: String) -> DeclaredResponse { DeclaredResponse(204, description) }

    public static func notModified(_ description: String, headers: [HeaderField] = [.etag]) -> DeclaredResponse {
        DeclaredResponse(304, description, headers: headers)
    }

    /// Of bytes that are to be saved. Generators of clients know how to read it, and few other types.
    public static let fileType = "application/octet-stream"

    /// A file; its name says of what kind it is.
    public static func file(
        _ description: String, status: Int = 200, headers: [HeaderField] = []
    ) -> DeclaredResponse {
        DeclaredResponse(
            status, description, contents: [Content(type: fileType, schema: .string(format: "binary"), example: "")],
            headers: headers)
    }

    /// Text of other kinds than JSON.
    public static func text(
        _ types: [String], _ description: String, example: String, headers: [HeaderField] = []
    ) -> DeclaredResponse {
        DeclaredResponse(
            200, description,
            contents: types.map { Content(type: $0, schema: .string(), example: .string(example)) }, headers: headers)
    }
}
