/// Why a request was not handed on. The handler makes the answer's body of it; then the connection closes.
public struct HTTPRequestError: Error, Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// 400: not HTTP/1.1 as RFC 9112 has it, or ambiguous.
        case badRequest
        /// 408: head or body did not arrive in time.
        case timeout
        /// 413
        case bodyTooLarge
        /// 414
        case targetTooLong
        /// 417: an expectation other than `100-continue`.
        case expectationFailed
        /// 426: the path takes WebSockets only, of version 13. The server adds `Upgrade` and `Sec-WebSocket-Version`.
        case upgradeRequired
        /// 431: more than 16 KiB or more than 100 fields.
        case headerTooLarge
        /// 501: a transfer coding other than `chunked`.
        case notImplemented
        /// 503: too many connections. The server adds `Retry-After`.
        case overloaded
        /// 505: neither HTTP/1.1 nor HTTP/1.0.
        case versionNotSupported
        /// The first line of HTTP/2 without TLS. Never handed on: such a client cannot read an answer.
        case http2
    }

    public let kind: Kind
    /// One sentence in English, without anything the client sent.
    public let detail: String

    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    static let targetTooLong = HTTPRequestError(.targetTooLong, "The request target is longer than 8 KiB.")

    public var status: Int {
        switch kind {
        case .badRequest: 400
        case .timeout: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .expectationFailed: 417
        case .upgradeRequired: 426
        case .headerTooLarge: 431
        case .notImplemented: 501
        case .overloaded: 503
        case .versionNotSupported, .http2: 505
        }
    }
}
