/// A POST for a `LoopClient`.
public struct LoopRequest: Sendable {
    public let url: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]
    /// For the whole of it.
    public let milliseconds: Int

    public init(url: String, headers: [(name: String, value: String)], body: [UInt8], milliseconds: Int) {
        (self.url, self.headers, self.body, self.milliseconds) = (url, headers, body, milliseconds)
    }
}

/// Why a request of a `LoopClient` has no response.
public struct LoopFailure: Error, Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        /// The address or a header is not one that can be sent. Nothing was sent.
        case invalidRequest
        /// Every address of the host is one that no socket may be opened to. Nothing was sent.
        case forbiddenAddress
        /// No connection: name, network, port or TLS. Nothing was sent, or a head without its body.
        case unreachable
        /// The server said that it has not looked at it (RFC 9113, section 8.7), at each of several attempts.
        case notProcessed
        /// It was sent, or a part of it, and the time was over.
        case timeout
        /// It was sent, or a part of it, and the connection broke, or what came was not HTTP.
        case broken
    }

    public let reason: Reason
    /// A few words in English, perhaps with text of the server in it.
    public let message: String
}
