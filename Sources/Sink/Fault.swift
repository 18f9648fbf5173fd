public import Push

/// What happens to a request instead of what is right.
public struct Fault: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// None: it is received.
        case pass
        /// This, and nobody looks at the request.
        case respond(PushResponse)
        /// The connection breaks, and nobody looks at it.
        case close
        /// It is received, and then the connection breaks: the sender can't know.
        case closeAfter
        /// Of HTTP/2: the stream is refused (REFUSED_STREAM), and nobody looks at the request. It is safe to send it again.
        case refuseStream
        /// Of HTTP/2: the same for this stream and all that have not come yet (GOAWAY); the others are responded to.
        case goAway
    }

    public let kind: Kind
    /// Milliseconds before it.
    public let delay: Int64
}
