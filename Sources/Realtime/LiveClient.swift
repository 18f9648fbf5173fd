import Core
import Crypto
import Feed
import Live
import Sockets

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

    /// Bytes that telling it takes, about: each event comes with a frame around it.
    var size: Int {
        if case .resumed(let missed, _) = self { missed.size + 256 * missed.count + 2048 } else { 0 }
    }
}

extension JoinOutcome {
    /// What has come for the user after the position; `nil`: what is the position now?
    /// - Parameter most: bytes of events; more are a reset.
    static func read(
        _ feeds: FeedReader, _ user: ID, _ held: LiveCursor?, most: Int
    ) async -> Result<JoinOutcome, any Error> {
        do {
            guard let held else { return .success(.live(try await feeds.currentPosition(of: user))) }
            switch try await feeds.missed(by: user, since: held, atMost: most) {
            case .events(let events, let cursor): return .success(.resumed(events, cursor))
            // The client reads the feed instead, page by page.
            case .reset(let cursor), .part(_, _, now: let cursor): return .success(.reset(cursor))
            }
        } catch {
            return .failure(error)
        }
    }
}

extension [Publication] {
    /// Bytes of the events.
    var size: Int { reduce(0) { $0 + $1.event.count } }
}

/// What a connection keeps of its access token.
struct HeldToken {
    let subject: ID
    let session: ID
    /// Seconds since 1970.
    let expiresAt: Int64

    init(_ token: AccessToken) {
        subject = token.subject
        session = token.session
        expiresAt = token.expiresAt
    }
}

/// One live connection of a user, as the gateway sees it.
protocol LiveClient: FrameSink, Timed {
    var subscriber: Subscriber? { get }
    var transport: any LiveTransport { get }
    var session: ID { get }
    /// Whose limits count the connection: see `Router.callerAddress`.
    var address: String { get }

    /// Tells the client. What it can't be told now is read again when its backlog has gone.
    func tell(_ outcome: JoinOutcome) -> LiveSession.Telling
    /// Reading the feed has failed for too long.
    func joinFailed()
    func end(_ reason: Disconnect)
    /// The server goes down; come back after so many milliseconds.
    func drain(retry: Int)
}
