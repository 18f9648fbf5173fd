import Core

/// A response that says what went wrong: `application/problem+json` (RFC 9457).
public struct Problem: Error, Sendable, Equatable {
    public static let contentType = "application/problem+json"

    public let code: ErrorCode
    public let detail: String
    /// Where in the request: a path such as `text`, the name of a parameter or header.
    public let field: String?
    /// Seconds, for `Retry-After`.
    public let retryAfter: Int?
    /// The methods that are allowed, for `Allow`.
    public let allow: [String]
    /// Of what is there now, for `ETag`.
    public let etag: String?

    public init(
        _ code: ErrorCode, _ detail: String, field: String? = nil, retryAfter: Int? = nil, allow: [String] = [],
        etag: String? = nil
    ) {
        self.code = code
        self.detail = detail
        self.field = field
        self.retryAfter = retryAfter
        self.allow = allow
        self.etag = etag
    }

    /// - Parameter status: where it is not the code's own.
    public func json(requestID: String, status: Int? = nil) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.append(ascii: "{\"type\":")
        writer.append(jsonString: "/problems/\(code.name)")
        writer.append(ascii: ",\"title\":")
        writer.append(jsonString: code.title)
        writer.append(ascii: ",\"status\":")
        writer.append(decimal: Int64(status ?? code.status))
        writer.append(ascii: ",\"code\":")
        writer.append(jsonString: code.name)
        writer.append(ascii: ",\"detail\":")
        writer.append(jsonString: detail)
        if let field {
            writer.append(ascii: ",\"field\":")
            writer.append(jsonString: field)
        }
        writer.append(ascii: ",\"request_id\":")
        writer.append(jsonString: requestID)
        writer.append(ascii: "}")
        return writer.bytes
    }
}
