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
}

/// One listening; it ends with `cancel`.
public protocol FeedSignal: Sendable {
    /// Returns when something has changed since the listening began or since the last wait, or when the time is up.
    /// - Returns: false when the process ends: answer now.
    /// - Throws: `Problem` when the session has ended.
    func wait(milliseconds: Int) async throws -> Bool
    func cancel()
}
