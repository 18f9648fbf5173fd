import Core

/// A header field that an operation reads or sends beside those that all have.
public struct HeaderField: Sendable, Equatable {
    public let name: String
    public let schema: Schema
    public let description: String
    /// In a response: it is always there.
    public let isRequired: Bool

    public init(_ name: String, _ schema: Schema, _ description: String, isRequired: Bool = false) {
        self.name = name
        self.schema = schema
        self.description = description
        self.isRequired = isRequired
    }

    /// Of any text.
    public init(_ name: String, _ description: String) {
        self.init(name, .string(), description)
    }
}

// MARK: Of requests

extension HeaderField {
    static let givenRequestID = HeaderField(
        "X-Request-Id",
        """
        1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen; anything else is replaced. It is in the response, and \
        follows an event to the socket's log line.
        """)

    static let traceparent = HeaderField(
        "traceparent", "W3C Trace Context, version 00; passed on. Anything else is left out.")

    static let idempotencyKey = HeaderField(
        "Idempotency-Key", .string(pattern: "^[!-~]{1,128}$"),
        """
        Kept 24 h for the caller and the kind of write. The same request again gets the first response, byte for byte; \
        another request 409 `idempotency_conflict`; while the first is still running 409 `conflict`. Of a caller who is \
        not signed in, a key belongs to the one request: another request is a new one. A response with tokens comes \
        again while its session lives.
        """)

    public static let ifMatch = HeaderField(
        "If-Match", "Needed: the `ETag` of what the caller has seen. Where another change came first, 412.")

    public static let ifNoneMatch = HeaderField("If-None-Match", "The `ETag` of what the caller has.")
}

// MARK: Of responses

extension HeaderField {
    static let requestID = HeaderField(
        "X-Request-Id", .string(pattern: "^[A-Za-z0-9._-]{1,64}$"), "Names the request in the logs.", isRequired: true)
    static let replayed = HeaderField("Idempotency-Replayed", .constant("true"), "This is the first response again.")
    static let retryAfter = HeaderField("Retry-After", .integer(from: 1), "Seconds to wait before another try.")
    static let allow = HeaderField("Allow", .string(), "The methods that this address takes.", isRequired: true)
    static let acceptEncoding = HeaderField(
        "Accept-Encoding", .constant("identity"), "There when the body's content coding was refused.")
    static let authenticate = HeaderField(
        "WWW-Authenticate", .string(pattern: "^Bearer"), "Always `Bearer`.", isRequired: true)

    public static let etag = HeaderField("ETag", .string(), "Stands for what is shown.")

    /// What a problem of a status carries beside the request's id.
    static func ofProblem(_ status: Int) -> [HeaderField] {
        switch status {
        case 401: [.authenticate]
        case 405: [.allow]
        case 409, 429, 503: [.retryAfter]
        case 412: [.etag]
        case 415: [.acceptEncoding]
        default: []
        }
    }
}
