import Core
import Hub
import Wire

/// What reading the feed for a connection has come to.
enum JoinOutcome {
    /// The client gave no position: it is live from here.
    case live(LiveCursor)
    case resumed([Publication], LiveCursor)
    /// It must read the feed, and is live from here.
    case reset(LiveCursor)

    var cursor: LiveCursor {
        switch self {
        case .live(let cursor), .reset(let cursor), .resumed(_, let cursor): cursor
        }
    }
}

/// One live connection of a user, as the gateway sees it.
protocol LiveClient: FrameSink {
    var subscriber: Subscriber? { get }
    var session: ID { get }
    /// The position that the client holds; `nil` before its first verdict when it gave none.
    var position: LiveCursor? { get }

    /// Tells the client. False when it can't be told now: it will be asked to resume again when its backlog has gone.
    func tell(_ outcome: JoinOutcome) -> Bool
    /// Reading the feed has failed for too long.
    func joinFailed()
    func end(_ reason: Disconnect)
    /// Each second.
    func tick(now: UInt64)
    /// The server goes down; come back after so many milliseconds.
    func drain(retry: Int)
}
