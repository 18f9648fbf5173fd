/// A stable word for a way in which a request can fail, with its HTTP status and title. Domains add their own.
public struct ErrorCode: Hashable, Sendable {
    public let name: String
    public let status: Int
    public let title: String

    public init(_ name: String, _ status: Int, _ title: String) {
        self.name = name
        self.status = status
        self.title = title
    }
}

extension ErrorCode {
    public static let invalidJSON = ErrorCode("invalid_json", 400, "The body is not valid JSON")
    public static let invalidField = ErrorCode("invalid_field", 400, "A field has a value that is not allowed")
    public static let missingField = ErrorCode("missing_field", 400, "A field is missing")
    public static let unknownField = ErrorCode("unknown_field", 400, "The body has a field that is not known")
    public static let unknownParameter = ErrorCode(
        "unknown_parameter", 400, "The query has a parameter that is not known")
    public static let invalidCursor = ErrorCode("invalid_cursor", 400, "The cursor is not valid here")
    public static let unauthenticated = ErrorCode("unauthenticated", 401, "Authentication is needed")
    public static let tokenExpired = ErrorCode("token_expired", 401, "The access token has expired")
    public static let forbidden = ErrorCode("forbidden", 403, "This is not allowed")
    public static let accountSuspended = ErrorCode("account_suspended", 403, "The account is suspended")
    public static let notFound = ErrorCode("not_found", 404, "There is no such thing")
    public static let methodNotAllowed = ErrorCode("method_not_allowed", 405, "The method is not allowed here")
    public static let conflict = ErrorCode("conflict", 409, "Another request is in the way")
    public static let tooMany = ErrorCode("too_many", 409, "There are as many as there may be")
    public static let idempotencyConflict = ErrorCode(
        "idempotency_conflict", 409, "The idempotency key was used for another request")
    public static let gone = ErrorCode("gone", 410, "It is not there any more")
    public static let versionConflict = ErrorCode("version_conflict", 412, "It was changed meanwhile")
    public static let bodyTooLarge = ErrorCode("body_too_large", 413, "The body is too large")
    public static let unsupportedMediaType = ErrorCode(
        "unsupported_media_type", 415, "The content type is not supported")
    public static let rateLimited = ErrorCode("rate_limited", 429, "Too many requests")
    public static let headerTooLarge = ErrorCode("header_too_large", 431, "The request's head is too large")
    public static let failed = ErrorCode("internal", 500, "The server failed")
    public static let overloaded = ErrorCode("overloaded", 503, "The service is busy")
}
