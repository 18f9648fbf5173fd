import Core
import HTTPService
import Live

/// Where a client of an event stream says that it is.
///
/// An EventSource gives up for good on any status but 200. So a position that can't be read, of another secret or of
/// another user is no error: the stream begins with the verdict `reset`.
struct GivenPosition {
    /// The id of the last event: `Last-Event-ID`, or else `lastEventId` in the query, for clients that can't set headers.
    let lastEventID: String?
    private let since: String?

    init(_ request: RequestContext) {
        let headers = request.http.headers.all(LiveParameters.lastEventIDHeader.name)
        // Two of them are one list to HTTP, and no id.
        lastEventID = headers.isEmpty ? request[LiveParameters.lastEventID] : headers.joined(separator: ", ")
        since = request[LiveParameters.since]
    }

    /// The last event's id goes before `since`, for a browser repeats the address with each reconnect. `nil` when nothing
    /// was said; a position out of every window for what can't be used.
    func cursor(of user: ID, _ cursors: CursorSigner) -> LiveCursor? {
        guard let text = lastEventID ?? since else { return nil }
        let bare = LiveCursor.bare(text)
        return LiveCursor(bare, user: user, cursors)
            ?? StreamCursor(bare, user: user, cursors)?[.feed(of: user)] ?? .outOfEveryWindow
    }

    /// The same of each log of a stream of several. A position of the feed alone is one of the feed.
    func positions(of keys: [LogKey], of user: ID, _ cursors: CursorSigner) -> StreamCursor {
        guard let text = lastEventID ?? since else { return StreamCursor() }
        if let positions = StreamCursor(any: LiveCursor.bare(text), user: user, cursors) { return positions }
        var positions = StreamCursor()
        for key in keys { positions[key] = .outOfEveryWindow }
        return positions
    }
}
