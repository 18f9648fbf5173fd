/// Why a request has no response.
public enum PushFailure: String, Sendable, CaseIterable {
    /// Name, network, port or TLS: nothing was sent.
    case unreachable
    /// The address is one that nothing may be sent to, such as a private one.
    case forbiddenAddress = "forbidden_address"
    /// The server said that it has not looked at it: a stream after a GOAWAY's last, or REFUSED_STREAM (RFC 9113, 8.7).
    case notProcessed = "not_processed"
    /// It was sent, or a part of it, and then the connection broke.
    case broken
    /// It was sent, and then the time was over.
    case timeout

    /// Whether it may have been delivered all the same.
    public var mayHaveArrived: Bool { self == .broken || self == .timeout }
}
