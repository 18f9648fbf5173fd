public import Core
public import HTTPService
public import Live

/// Tells a long poll when a user's feed has changed. The realtime side of the process does it, for it hears of changes.
public protocol FeedWaiter: Sendable {
    /// Before what came after a position is read: throws when user or address have used up what they may resume, live
    /// connections included.
    func admit(_ user: ID, from address: String) throws(Problem)

    /// Counts what they were told, behind it.
    /// - Parameter missed: `nil` when that was to read the feed anew.
    func charge(_ user: ID, from address: String, for missed: [Publication]?)

    /// Begins to listen for the user before the caller looks at the feed, so that nothing falls between the two.
    /// - Parameter session: the caller's; when it ends, so does the wait.
    func listen(for user: ID, session: ID) async throws -> any FeedSignal

    /// A long poll of several logs, up to its response.
    /// - Parameters:
    ///   - held: where the caller is; in what it does not name, the caller begins now.
    ///   - seconds: how long it may wait for something to tell.
    ///   - read: runs what makes the response in turn with other polls, with room for it.
    /// - Throws: `Problem`: a channel that is not there, or too many of them.
    func poll(
        _ request: RequestContext, _ channels: StreamChannels, since held: StreamCursor, seconds: Int,
        _ read: (() async throws -> Response) async throws -> Response
    ) async throws -> Response
}

/// One listening; it ends with `cancel`.
public protocol FeedSignal: Sendable {
    /// Returns when something has changed since the listening began or since the last wait, or when the time is up.
    /// - Returns: false when the process ends: answer now.
    /// - Throws: `Problem` when the session has ended.
    func wait(milliseconds: Int) async throws -> Bool
    func cancel()
}
