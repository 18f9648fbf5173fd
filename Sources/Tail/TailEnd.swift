/// Why a tail ends.
enum TailEnd: Error, Equatable {
    case interrupted
    /// Nobody reads the output any more.
    case outputClosed
    case failed(String, code: Int32)
}

/// Why an attempt to be live failed.
enum Trouble: Error {
    case end(TailEnd)
    /// It may pass.
    /// - Parameter after: milliseconds that the server asked for.
    case passing(String, after: Int = 0)
    /// The server does not take the access token.
    case unauthenticated(String)
    /// The server does not know the position: begin with the feed.
    case positionLost
    /// The server has nothing there.
    case missing(String)
    /// The server does not answer as Martlet would.
    case strange(String)
}
