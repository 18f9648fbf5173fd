import Core

/// A stable word for each way in which a request can fail; with its HTTP status and title.
public enum ErrorCode: String, Sendable, CaseIterable {
    case invalidJSON = "invalid_json"
    case invalidField = "invalid_field"
    case missingField = "missing_field"
    case unknownField = "unknown_field"
    case unknownParameter = "unknown_parameter"
    case invalidCursor = "invalid_cursor"
    case unauthenticated
    case invalidCredentials = "invalid_credentials"
    case tokenExpired = "token_expired"
    case tokenReused = "token_reused"
    case forbidden
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case conflict
    case handleTaken = "handle_taken"
    case idempotencyConflict = "idempotency_conflict"
    case bodyTooLarge = "body_too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case headerTooLarge = "header_too_large"
    case rateLimited = "rate_limited"
    case overloaded

    public var status: Int {
        switch self {
        case .invalidJSON, .invalidField, .missingField, .unknownField, .unknownParameter, .invalidCursor:
            400
        case .unauthenticated, .invalidCredentials, .tokenExpired, .tokenReused: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .conflict, .handleTaken, .idempotencyConflict: 409
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .headerTooLarge: 431
        case .rateLimited: 429
        case .overloaded: 503
        }
    }

    public var title: String {
        switch self {
        case .invalidJSON: "The body is not valid JSON"
        case .invalidField: "A field has a value that is not allowed"
        case .missingField: "A field is missing"
        case .unknownField: "The body has a field that is not known"
        case .unknownParameter: "The query has a parameter that is not known"
        case .invalidCursor: "The cursor is not valid here"
        case .unauthenticated: "Authentication is needed"
        case .invalidCredentials: "The handle or the password is wrong"
        case .tokenExpired: "The access token has expired"
        case .tokenReused: "The refresh token was used before"
        case .forbidden: "This is not allowed"
        case .notFound: "There is no such thing"
        case .methodNotAllowed: "The method is not allowed here"
        case .conflict: "Another request stands in the way"
        case .handleTaken: "The handle is taken"
        case .idempotencyConflict: "The idempotency key was used for another request"
        case .bodyTooLarge: "The body is too large"
        case .unsupportedMediaType: "The content type is not supported"
        case .headerTooLarge: "The request's head is too large"
        case .rateLimited: "Too many requests"
        case .overloaded: "The service is busy"
        }
    }
}

/// An answer that says what went wrong: `application/problem+json` (RFC 9457).
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

    public init(
        _ code: ErrorCode, _ detail: String, field: String? = nil, retryAfter: Int? = nil, allow: [String] = []
    ) {
        self.code = code
        self.detail = detail
        self.field = field
        self.retryAfter = retryAfter
        self.allow = allow
    }

    /// - Parameter status: where it is not the code's own.
    public func json(requestID: String, status: Int? = nil) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.append(ascii: "{\"type\":")
        writer.append(jsonString: "/problems/\(code.rawValue)")
        writer.append(ascii: ",\"title\":")
        writer.append(jsonString: code.title)
        writer.append(ascii: ",\"status\":")
        writer.append(decimal: Int64(status ?? code.status))
        writer.append(ascii: ",\"code\":")
        writer.append(jsonString: code.rawValue)
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
