import Core

/// What every domain uses.
extension Component {
    public static let id = Component(
        "Id", .string(pattern: "^[0-9]{1,16}$").described("Decimal digits, in a string: more than a double holds."),
        example: "14173392076800")

    public static let time = Component(
        "Time",
        .string(
            pattern: #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"#, format: "date-time"),
        example: "2026-01-05T00:07:21.289Z")

    public static let cursor = Component(
        "Cursor", .string(length: 1...Int.max).described("Opaque."), example: "AQAFiXz2AAAAcYLrfqwG2VM")

    /// RFC 9457, `application/problem+json`.
    public static let problem = Component(
        "Problem",
        .object([
            .always("type", .string(pattern: "^/problems/[a-z_]+$", format: "uri-reference")),
            .always("title", .string(length: 1...Int.max)), .always("status", .integer(400...599)),
            .always(
                "code", .string(pattern: "^[a-z_]+$"),
                "Stable. Later versions may add others; each response has examples of those that it can have."),
            .always("detail", .string(length: 1...Int.max), "For people."),
            .sometimes("field", .string(), "The key, parameter or header that is wrong."),
            .always("request_id", .string(pattern: "^[A-Za-z0-9._-]{1,64}$")),
        ]), example: .example(of: .invalidField))
}

extension JSONValue {
    /// A problem of this code, as it is sent.
    static func example(of code: ErrorCode, status: Int? = nil) -> JSONValue {
        let field: String? =
            switch code {
            case .invalidField, .missingField, .unknownField: "text"
            case .unknownParameter: "colour"
            case .invalidCursor: "cursor"
            case .idempotencyConflict: "Idempotency-Key"
            default: nil
            }
        return .written {
            $0.append(Problem(code, code.title, field: field).json(requestID: "9f86d081884c7d65", status: status))
        }
    }
}
